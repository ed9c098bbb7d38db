// engram compact: making room of what is dead usable again.

#include <memory>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/progress.h"
#include "cli/report_json.h"
#include "cli/words.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

struct CompactArguments {
  std::string path;
  bool force = false;
  bool cold = false;
  bool json = false;
};

constexpr const char* kFooter =
    "Examples:\n"
    "  engram compact agent.engram                  if enough is dead that it is worth while\n"
    "  engram compact agent.engram --force --cold   whatever is dead, of cold memories, too\n"
    "Moves what is alive out of places with much dead room, and gives these back to the file\n"
    "system; the file keeps its length. May be interrupted at any time: nothing is lost by it.\n"
    "With --json: {path, compaction, cold_compaction}, either of them null if it was not done; "
    "the\n"
    "fields are those of api/reports.h.";

// Draws what the store tells. On the thread that compacts: the store has no other here.
class CompactionProgress final : public EventListener {
 public:
  explicit CompactionProgress(const Streams& streams)
      : extents_(streams, "compacting", "extents of the log"),
        rows_(streams, "rewriting", "cold memories") {}

  bool OnCompactionProgress(uint64_t extents_done, uint64_t extents_to_do) override {
    extents_.Show(extents_done, extents_to_do);
    return true;
  }
  bool OnMigrationProgress(uint64_t memories_moved) override {
    extents_.Erase();
    rows_.Show(memories_moved, 0);
    return true;
  }
  void Erase() {
    extents_.Erase();
    rows_.Erase();
  }

 private:
  Progress extents_;
  Progress rows_;
};

bool IsDue(const Statistics& stats) {
  const Options options;
  return stats.fragmentation > options.compaction_fragmentation_min &&
         stats.content_bytes_total > options.compaction_content_bytes_min;
}

void Print(const std::string& path, const Statistics& before,
           const std::optional<CompactionStats>& content,
           const std::optional<ColdCompactionStats>& cold, std::ostream& out) {
  if (content) {
    out << absl::StrFormat("%s: content had %s bytes and has %s, %.1f %% were dead and %.1f %% are",
                           path, Grouped(content->old_size), Grouped(content->new_size),
                           100 * content->fragmentation_before, 100 * content->fragmentation_after)
        << "; " << Grouped(content->bytes_given_back) << " bytes were given back\n";
    if (content->extents_damaged > 0) {
      out << path << ": " << Counted(content->extents_damaged, "extent", "extents")
          << " could not be emptied because of damage; see engram fsck\n";
    }
  } else {
    out << absl::StrFormat(
        "%s: not worth while, %.1f %% of %s bytes of content are dead; --force does it\n", path,
        100 * before.fragmentation, Grouped(before.content_bytes_total));
  }
  if (cold) {
    out << path << ": " << Counted(cold->runs_done, "cold run was", "cold runs were")
        << " rewritten, " << Counted(cold->rows_reclaimed, "dead row", "dead rows")
        << " given back\n";
  }
}

int Compact(const CompactArguments& arguments, const Streams& streams) {
  CompactionProgress progress(streams);
  const auto store = OpenForChanging(arguments.path, /*create=*/false, &progress);
  if (!store.ok()) return Fail(streams, store.status());
  const Statistics before = (*store)->Stats();
  std::optional<CompactionStats> content;
  std::optional<ColdCompactionStats> cold;
  absl::Status status;
  if (arguments.force || IsDue(before)) {
    const absl::StatusOr<CompactionStats> done = (*store)->CompactContent(/*force=*/true);
    status = done.status();
    if (done.ok()) content = *done;
  }
  if (status.ok() && arguments.cold) {
    const absl::StatusOr<ColdCompactionStats> done = (*store)->CompactCold();
    status = done.status();
    if (done.ok()) cold = *done;
  }
  const absl::Status closed = (*store)->Close();
  progress.Erase();
  if (status.ok()) status = closed;
  if (!status.ok()) return Fail(streams, status);
  if (arguments.json) {
    streams.out << Printed({{"path", arguments.path},
                            {"compaction", content ? ToJson(*content) : Json()},
                            {"cold_compaction", cold ? ToJson(*cold) : Json()}});
  } else {
    Print(arguments.path, before, content, cold, streams.out);
  }
  return kExitOk;
}

}  // namespace

void AddCompact(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<CompactArguments>();
  CLI::App* command = app.add_subcommand("compact", "Make room of what is dead usable again");
  command->add_option("PATH", arguments->path, "the store")->required();
  command->add_flag("--force", arguments->force, "however little is dead");
  command->add_flag("--cold", arguments->cold, "rewrite runs of cold memories, too");
  command->add_flag("--json", arguments->json, "for programs");
  command->footer(kFooter);
  command->callback([arguments, &chosen] {
    chosen = [arguments](const Streams& streams) { return Compact(*arguments, streams); };
  });
}

}  // namespace engram::inline ENGRAM_BODY::cli
