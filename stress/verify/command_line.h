// The command line of engram-verify.

#ifndef ENGRAM_STRESS_VERIFY_COMMAND_LINE_H_
#define ENGRAM_STRESS_VERIFY_COMMAND_LINE_H_

namespace engram::verify {

// Understands the arguments, does what they say, and returns what the process is to end with (see
// ExitCode). A command line that cannot be understood is kCouldNotRun, with a message on stderr.
int Main(int argc, const char* const* argv);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_COMMAND_LINE_H_
