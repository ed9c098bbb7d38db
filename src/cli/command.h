// The subcommands of `engram`: what each is given, and how it is entered into the command line.
//
// Each stands in a file of its own with its options and its help. It takes arguments, not its
// process: tests call it as main does.

#ifndef ENGRAM_CLI_COMMAND_H_
#define ENGRAM_CLI_COMMAND_H_

#include <functional>
#include <istream>
#include <ostream>

#include "absl/status/status.h"
#include "base/body.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace engram::inline ENGRAM_BODY::cli {

// What a command reads and writes besides files. Ownership: must outlive the command.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // `err` is a terminal, on which progress may be drawn.
  bool err_is_terminal = false;
};

// What processes end with, but for fsck, which does as fsck(8) says; see fsck.cc.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// Does what the command line asks for; returns what the process is to end with.
using Command = std::function<int(const Streams&)>;

// Each adds one subcommand to `app`. If the command line names it, `chosen` becomes what does it.
void AddStats(CLI::App& app, Command& chosen);
void AddBackup(CLI::App& app, Command& chosen);

// Says `what` on one line of the error stream, in the form of all errors here.
void Complain(const Streams& streams, std::string_view what);
// The same of an error; returns kExitFailed.
int Fail(const Streams& streams, const absl::Status& status);

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_COMMAND_H_
