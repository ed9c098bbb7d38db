// One line on a terminal that says how far a run is; nothing at all elsewhere.

#ifndef ENGRAM_STRESS_VERIFY_PROGRESS_LINE_H_
#define ENGRAM_STRESS_VERIFY_PROGRESS_LINE_H_

#include <chrono>
#include <cstdio>
#include <string>

namespace engram::verify {

// Thread safety: confined to one OS thread. Ownership: `stream` must outlive it.
class ProgressLine {
 public:
  // Draws on `stream` if that is a terminal.
  explicit ProgressLine(std::FILE* stream);
  ~ProgressLine() { Erase(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether an update would be drawn now: at most five times a second.
  bool due() const;
  // Draws `text`, cut to the terminal's width, over what was there.
  void Show(const std::string& text);
  // Leaves an empty line, so that something else can be printed.
  void Erase();

 private:
  std::FILE* const stream_;
  const bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point drawn_at_;
};

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_PROGRESS_LINE_H_
