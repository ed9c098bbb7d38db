// A program that uses everything the world offers - locks, conditions, atomics, threads, time,
// files, crashes, faults - in random mixtures. Nothing is wrong with it: it shows that the same
// seed gives the same executions in every build, and that locks exclude, additions add up and files
// hold what was written.

#ifndef ENGRAM_STRESS_VERIFY_MIXTURE_PROGRAM_H_
#define ENGRAM_STRESS_VERIFY_MIXTURE_PROGRAM_H_

#include "model/world/program.h"

namespace engram::verify {

world::Program MixtureProgram();

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_MIXTURE_PROGRAM_H_
