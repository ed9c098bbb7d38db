// engram migrate: a new store from a file of format 1.

#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "api/import_v1.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/report_json.h"
#include "cli/words.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

struct MigrateArguments {
  std::string source;
  std::string target;
  std::string ids_path;
  bool unlisted = false;
  bool json = false;
};

constexpr const char* kFooter =
    "Examples:\n"
    "  engram migrate warm.dat agent.engram --ids ids.txt\n"
    "  engram migrate warm.dat agent.engram\n"
    "SRC is a file of format 1, which earlier programs wrote; it is only read, and no other "
    "program\n"
    "may use it meanwhile. It has no ids but their hashes, and no content. FILE lists ids, one a\n"
    "line; a memory of no listed id is left out or, with --unlisted or without --ids, is called "
    "v1-\n"
    "and its hash. Removed memories cannot be told from others: a list of ids leaves them out.\n"
    "DST comes into being complete and durable, or is refused by Open: it is gathered in\n"
    "DST.partial, which is removed again. A kill may leave both: run this again, and it\n"
    "says what to do.\n"
    "Exit status: 0 all of SRC is in DST but for what the counts say was replaced or not listed;\n"
    "1 something in SRC is damaged, or no id of FILE is in SRC, and all else is in DST; or it "
    "failed\n"
    "and there is no DST;\n"
    "2 the command line makes no sense.";

absl::StatusOr<std::vector<std::string>> LinesOf(const std::string& path) {
  io::PosixFileSystem files;
  ENGRAM_ASSIGN_OR_RETURN(const auto file, files.Open(path, io::OpenMode::kReadOnly));
  ENGRAM_ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
  std::string text(bytes, '\0');
  ENGRAM_RETURN_IF_ERROR(
      io::ReadFully(*file, FileOffset{0}, std::as_writable_bytes(std::span(text.data(), bytes))));
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines.back().empty()) lines.pop_back();  // what follows the last end of a line
  for (std::string& line : lines) {
    if (line.ends_with('\r')) line.pop_back();  // lines as on Windows
  }
  return lines;
}

Json ToJson(const ImportV1Report& report) {
  return {{"whole", report.whole()},
          {"slots", report.slots},
          {"unwritten", report.unwritten},
          {"imported", report.imported},
          {"superseded", report.superseded},
          {"hidden", report.hidden},
          {"unlisted", report.unlisted},
          {"damaged", report.damaged},
          {"second_layout", report.second_layout},
          {"with_lost_content", report.with_lost_content},
          {"with_empty_content", report.with_empty_content},
          {"without_content", report.without_content},
          {"with_untold_content", report.with_untold_content},
          {"header_damages", report.header_damages},
          {"ids_not_found", report.ids_not_found},
          {"partial_removed", report.partial_removed.ok()}};
}

void PrintContent(const ImportV1Report& report, std::ostream& out) {
  const auto row = [&](uint64_t count, std::string_view what) {
    if (count == 0) return;
    out << "  content of " << Counted(count, "memory ", "memories ") << what << "\n";
  };
  row(report.with_lost_content, "is lost: it was never in the file");
  row(report.with_empty_content, "was empty, which is lost, too");
  // In a file whose other slots tell, zeros tell as well.
  row(report.with_untold_content, report.second_layout
                                      ? "was empty, which is lost, too"
                                      : "was none or empty: the file does not tell");
}

void Print(const MigrateArguments& arguments, const ImportV1Report& report, std::ostream& out) {
  out << absl::StrCat(arguments.target, ": ", Counted(report.imported, "memory", "memories"),
                      " from ", Counted(report.slots, "slot", "slots"), " of ", arguments.source,
                      "\n");
  const auto row = [&](const char* name, uint64_t count, const char* what) {
    if (count > 0) out << absl::StrFormat("  %-12s%9s  %s\n", name, Grouped(count), what);
  };
  row("imported", report.imported, "every number bit by bit");
  row("unwritten", report.unwritten, "slots that were never used");
  row("superseded", report.superseded, "slots of ids that a later slot has");
  row("hidden", report.hidden, "slots of ids that a later slot has, but damaged: not imported");
  row("unlisted", report.unlisted, "slots of ids that are not listed: not imported");
  row("damaged", report.damaged, "slots, each named above: not imported");
  PrintContent(report, out);
  for (const std::string& damage : report.header_damages) out << "  damage " << damage << "\n";
  for (const std::string& id : report.ids_not_found) {
    out << "  not found: \"" << absl::Utf8SafeCEscape(id) << "\"\n";
  }
  if (report.imported > 0 && (arguments.ids_path.empty() || arguments.unlisted)) {
    out << "  Some of them may have been removed before: the file does not tell.\n";
  }
}

// Says what went wrong beside the import itself; returns what the process is to end with.
int Conclude(const MigrateArguments& arguments, const std::vector<std::string>& ids,
             const ImportV1Report& report, const Streams& streams) {
  if (!report.partial_removed.ok()) {
    Complain(streams,
             absl::StrCat(arguments.target, " is complete, but remove ", arguments.target,
                          ".partial, which may be left: ", report.partial_removed.message()));
  }
  const bool is_any_found =
      arguments.ids_path.empty() ||
      report.ids_not_found.size() < std::set<std::string>(ids.begin(), ids.end()).size();
  if (!is_any_found) {
    Complain(streams,
             absl::StrCat("no id of ", arguments.ids_path, " is in ", arguments.source,
                          "; if that is a mistake, remove ", arguments.target, " and try again"));
  }
  return report.whole() && is_any_found ? kExitOk : kExitFailed;
}

int Migrate(const MigrateArguments& arguments, const Streams& streams) {
  ImportV1Options options;
  options.unlisted = arguments.unlisted;
  if (!arguments.ids_path.empty()) {
    auto ids = LinesOf(arguments.ids_path);
    if (!ids.ok()) return Fail(streams, ids.status());
    options.ids = *std::move(ids);
  }
  Progress progress(streams, "importing", "slots");
  Json damaged = Json::array();
  options.on_damaged = [&](const V1DamagedSlot& slot) {
    if (arguments.json) {
      damaged.push_back(
          {{"slot", slot.slot}, {"offset", slot.offset.value}, {"explanation", slot.explanation}});
    } else {
      progress.Erase();
      streams.out << absl::StrCat("damaged slot ", slot.slot, ", at byte ", slot.offset.value, ": ",
                                  slot.explanation, "\n");
    }
  };
  options.on_progress = [&](uint64_t done, uint64_t slots) {
    progress.Show(done, slots);
    return true;
  };
  const auto report = ImportV1(arguments.source, arguments.target, options);
  progress.Erase();
  if (!report.ok()) return Fail(streams, report.status());
  if (arguments.json) {
    Json json = {{"source", arguments.source}, {"target", arguments.target}};
    json.update(ToJson(*report));
    json["damaged_slots"] = std::move(damaged);
    streams.out << Printed(json);
  } else {
    Print(arguments, *report, streams.out);
  }
  return Conclude(arguments, options.ids.value_or(std::vector<std::string>()), *report, streams);
}

}  // namespace

void AddMigrate(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<MigrateArguments>();
  CLI::App* migrate = app.add_subcommand("migrate", "Make a store of a file of format 1");
  migrate->add_option("SRC", arguments->source, "the file")->required();
  migrate->add_option("DST", arguments->target, "the new store; must not exist")->required();
  CLI::Option* ids = migrate->add_option("--ids", arguments->ids_path, "ids to import, one a line")
                         ->option_text("FILE");
  migrate->add_flag("--unlisted", arguments->unlisted, "import the others, too, by their hashes")
      ->needs(ids);
  migrate->add_flag("--json", arguments->json, "for programs");
  migrate->footer(kFooter);
  migrate->callback([arguments, &chosen] {
    chosen = [arguments](const Streams& streams) { return Migrate(*arguments, streams); };
  });
}

}  // namespace engram::inline ENGRAM_BODY::cli
