// Histories of a store, right ones and wrong ones, written down by hand: the oracle must pass the
// former, and condemn each of the latter for what is wrong with it. Checked in every run of the
// suite `self`, because an oracle that has gone blind lets everything pass.

#ifndef ENGRAM_STRESS_VERIFY_TOLD_HISTORIES_H_
#define ENGRAM_STRESS_VERIFY_TOLD_HISTORIES_H_

#include <string>
#include <vector>

#include "model/history_oracle.h"

namespace engram::verify {

struct ToldHistory {
  std::string title;
  model::History history;
  std::string claim;  // that it breaks; empty: it is right
};

std::vector<ToldHistory> ToldHistories();

// The limits that they are to be judged with.
model::ReferenceStore::Limits ToldLimits();

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_TOLD_HISTORIES_H_
