// One line on a terminal that says how far a command is; nothing at all elsewhere.

#ifndef ENGRAM_CLI_PROGRESS_H_
#define ENGRAM_CLI_PROGRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/body.h"
#include "cli/command.h"

namespace engram::inline ENGRAM_BODY::cli {

// Thread safety: confined to one thread. Ownership: `streams` must outlive it.
class Progress {
 public:
  // `what` is done to things that `many` names: "verifying", "memories".
  Progress(const Streams& streams, std::string_view what, std::string_view many)
      : streams_(streams), what_(what), many_(many) {}
  ~Progress() { Erase(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // So many are done, of `to_do` (0: nobody knows). Draws at most five times a second.
  void Show(uint64_t done, uint64_t to_do);
  // Leaves an empty line, so that something else can be printed.
  void Erase();

 private:
  const Streams& streams_;
  const std::string what_;
  const std::string many_;
  bool is_drawn_ = false;
  int64_t drawn_at_ns_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_PROGRESS_H_
