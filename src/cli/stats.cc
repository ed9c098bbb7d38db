// engram stats: what is in a store, by counts and bytes.

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/report_json.h"
#include "cli/words.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

struct StatsArguments {
  std::string path;
  bool json = false;
};

constexpr const char* kFooter =
    "Examples:\n"
    "  engram stats agent.engram\n"
    "  engram stats agent.engram --json\n"
    "With --json: {path, statistics, recovery}; the fields are those of api/reports.h. Nothing is\n"
    "written; what an opening would have to recover is recovered in memory. No memory is hot "
    "while\n"
    "a store is only looked at.";

void Print(const std::string& path, const Statistics& stats, const RecoveryReport& recovery,
           std::ostream& out) {
  const auto row = [&](const char* name, const std::string& text) {
    out << absl::StrFormat("  %-10s%s\n", name, text);
  };
  out << path << "\n";
  row("memories",
      absl::StrCat(Grouped(stats.memories), ": ", Grouped(stats.memories_hot), " hot, ",
                   Grouped(stats.memories_warm), " warm, ", Grouped(stats.memories_cold), " cold"));
  row("bytes",
      absl::StrCat("hot ", Grouped(stats.hot_bytes), " of RAM, warm ", Grouped(stats.warm_bytes),
                   ", cold ", Grouped(stats.extents_of_cold * stats.extent_bytes)));
  row("content",
      absl::StrFormat("%s bytes live of %s, %.1f %% dead", Grouped(stats.content_bytes_live),
                      Grouped(stats.content_bytes_total), 100 * stats.fragmentation));
  row("cold rows",
      absl::StrCat(Grouped(stats.cold_rows_live), " live of ", Grouped(stats.cold_rows_total)));
  row("slots",
      absl::StrCat(Grouped(stats.slots_used), " used, ", Grouped(stats.slots_free), " free"));
  row("file", absl::StrCat(Grouped(stats.file_bytes), " bytes"));
  row("extents",
      absl::StrCat("of ", Grouped(stats.extent_bytes), " bytes: ", Grouped(stats.extents_of_slots),
                   " of slots, ", Grouped(stats.extents_of_log), " of log, ",
                   Grouped(stats.extents_of_blobs), " of blobs, ",
                   Grouped(stats.extents_of_checkpoint), " of checkpoint, ",
                   Grouped(stats.extents_of_cold), " cold, ", Grouped(stats.extents_free),
                   " free"));
  row("sequence", absl::StrCat(stats.last_sequence.value));
  row("recovery", Told(recovery));
  for (const Damage& damage : recovery.damages) row("damage", Told(damage));
}

int Stats(const StatsArguments& arguments, const Streams& streams) {
  const auto store = StoreForLooking::Open(arguments.path, nullptr);
  if (!store.ok()) return Fail(streams, store.status());
  Statistics statistics = (*store)->Stats();
  statistics.file_bytes = store->file_bytes();
  const RecoveryReport& recovery = (*store)->recovery();
  if (arguments.json) {
    streams.out << Printed({{"path", arguments.path},
                            {"statistics", ToJson(statistics)},
                            {"recovery", ToJson(recovery)}});
  } else {
    Print(arguments.path, statistics, recovery, streams.out);
  }
  return kExitOk;
}

}  // namespace

void AddStats(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<StatsArguments>();
  CLI::App* stats = app.add_subcommand("stats", "Count what is in a store");
  stats->add_option("PATH", arguments->path, "the store")->required();
  stats->add_flag("--json", arguments->json, "for programs");
  stats->footer(kFooter);
  stats->callback([arguments, &chosen] {
    chosen = [arguments](const Streams& streams) { return Stats(*arguments, streams); };
  });
}

}  // namespace engram::inline ENGRAM_BODY::cli
