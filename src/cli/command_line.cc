// Arguments to commands, with CLI11.

#include "cli/command_line.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

constexpr const char* kDescription =
    "Looks after a store of memories in one file: what is in it, whether it is sound, copies.\n";

constexpr const char* kFooter =
    "See engram SUBCOMMAND --help, with examples. Results go to stdout, errors and progress to\n"
    "stderr. A store that another process has open is refused.\n"
    "Exit status: 0 done, 1 it failed, 2 the command line makes no sense; of fsck as fsck(8).";

constexpr int kFsckUsage = 16;

}  // namespace

void Complain(const Streams& streams, std::string_view what) {
  streams.err << "engram: " << what << "\n";
}

int Fail(const Streams& streams, const absl::Status& status) {
  Complain(streams, std::string(status.message()));
  return kExitFailed;
}

int Run(std::vector<std::string> arguments, const Streams& streams) {
  CLI::App app(kDescription, "engram");
  app.footer(kFooter);
  app.require_subcommand(1);
  Command chosen;
  AddStats(app, chosen);
  AddBackup(app, chosen);
  const bool is_fsck = !arguments.empty() && arguments.front() == "fsck";
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    std::ostringstream complaint;
    // Asking for help is no error; everything else is one kind of error to our callers.
    if (app.exit(error, streams.out, complaint) == 0) return kExitOk;
    std::string what = std::move(complaint).str();
    std::replace(what.begin(), what.end(), '\n', ' ');
    Complain(streams, what.substr(0, what.find_last_not_of(' ') + 1));
    return is_fsck ? kFsckUsage : kExitUsage;
  }
  return chosen(streams);
}

}  // namespace engram::inline ENGRAM_BODY::cli
