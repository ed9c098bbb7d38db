// Drawing with carriage returns and the sequence that erases a line. The line is short enough for
// any terminal, so nobody has to ask for its width.

#include "cli/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/words.h"
#include "io/clock.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

constexpr int64_t kIntervalNs = 200'000'000;
constexpr uint64_t kBarColumns = 20;

// A share of `to_do` as a bar.
std::string Bar(uint64_t done, uint64_t to_do) {
  const uint64_t filled = static_cast<uint64_t>(static_cast<double>(std::min(done, to_do)) /
                                                static_cast<double>(to_do) * kBarColumns);
  return absl::StrCat("[", std::string(filled, '#'), std::string(kBarColumns - filled, '.'), "] ");
}

}  // namespace

void Progress::Show(uint64_t done, uint64_t to_do) {
  if (!streams_.err_is_terminal) return;
  const int64_t now = io::SystemClock().MonotonicNs();
  if (is_drawn_ && now - drawn_at_ns_ < kIntervalNs) return;
  streams_.err << "\r\033[K" << what_ << " ";
  if (to_do > 0) {
    streams_.err << Bar(done, to_do) << Grouped(done) << " of " << Grouped(to_do);
  } else {
    streams_.err << Grouped(done);
  }
  streams_.err << " " << many_ << std::flush;
  is_drawn_ = true;
  drawn_at_ns_ = now;
}

void Progress::Erase() {
  if (!is_drawn_) return;
  streams_.err << "\r\033[K" << std::flush;
  is_drawn_ = false;
}

}  // namespace engram::inline ENGRAM_BODY::cli
