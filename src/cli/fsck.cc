// engram fsck: whether a store is sound, and taking out of it what is not.
//
// A log whose last commit may have been acknowledged and is not complete is not sound, though a
// crash at the wrong moment leaves it so: nobody but its owner can tell.
//
// Exit status as fsck(8): 0 sound, 1 errors were corrected, 4 errors are left, 8 the check could
// not be done, 16 the command line makes no sense.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/progress.h"
#include "cli/quarantine_file.h"
#include "cli/report_json.h"
#include "cli/words.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

constexpr int kCorrected = 1;
constexpr int kUncorrected = 4;
constexpr int kCouldNot = 8;

struct FsckArguments {
  std::string path;
  bool repair = false;
  bool json = false;
};

constexpr const char* kFooter =
    "Examples:\n"
    "  engram fsck agent.engram\n"
    "  engram fsck agent.engram --repair\n"
    "Reads every byte of every memory. Without --repair nothing is written: if the store was not\n"
    "closed, what opening it would recover is recovered in memory, and said. Where a commit at "
    "the\n"
    "log's end is not complete, nobody can tell a crash before its sync returned from damage "
    "after\n"
    "it: that counts as an error left.\n"
    "--repair first writes what is left of everything damaged, as bytes and as far as it can be\n"
    "read, to a new file PATH.quarantine-1.jsonl (or -2, ...), durably, and then takes the "
    "damaged\n"
    "memories out of the store. Of an incomplete commit these are the bytes of the file from "
    "where\n"
    "it was cut, as many as an extent has. What the device cannot deliver ends it, before "
    "anything\n"
    "is taken out: copy the file first. What can be made again from what is intact is. Where a "
    "part of "
    "the\n"
    "index or of the log is lost, nobody can tell which memories it was about: those stay\n"
    "DATA_LOSS, and the exit status is 4. Storing one of them again heals it; engram export and\n"
    "engram import --create make a new store of all that is intact.\n"
    "Exit status: 0 sound, 1 errors were corrected, 4 errors are left, 8 the check could not be\n"
    "done, 16 the command line makes no sense.\n"
    "With --json: {path, recovery, found, repair, left, exit_status}; repair (with file,\n"
    "memories_taken_out and structures_restored) and left are null without --repair; the other\n"
    "fields are those of api/reports.h.";

class VerifyProgress final : public EventListener {
 public:
  explicit VerifyProgress(const Streams& streams) : progress_(streams, "verifying", "memories") {}
  void OnVerifyProgress(uint64_t memories_checked, uint64_t memories) override {
    progress_.Show(memories_checked, memories);
  }
  void Erase() { progress_.Erase(); }

 private:
  Progress progress_;
};

// What a check found, and what came of a repair.
struct Findings {
  RecoveryReport recovery;
  VerifyReport found;
  bool is_repaired = false;
  std::string file;           // of what was taken out or cut off; empty if nothing was
  bool tail_is_kept = false;  // in there
  QuarantineReport repair;
  VerifyReport left;

  bool is_tail_doubtful() const { return recovery.tail_was_cut && recovery.possibly_acknowledged; }
  // Superblocks that opening has restored are errors, too.
  bool found_no_damage() const {
    return found.sound() && recovery.damages.empty() && !recovery.superblock_restored;
  }
  bool found_nothing() const { return found_no_damage() && !is_tail_doubtful(); }
  int exit_status() const {
    if (found_nothing()) return kExitOk;
    if (!is_repaired || !left.sound()) return kUncorrected;
    return kCorrected;
  }
};

absl::StatusOr<Findings> Check(const std::string& path, EventListener& progress) {
  ENGRAM_ASSIGN_OR_RETURN(const StoreForLooking store, StoreForLooking::Open(path, &progress));
  Findings findings;
  findings.recovery = store->recovery();
  ENGRAM_ASSIGN_OR_RETURN(findings.found, store->Verify());
  return findings;
}

// What opening for writing is going to cut off the log, if that may have been acknowledged.
absl::Status KeepTail(const std::string& path, EventListener& progress, QuarantineFile& keeper) {
  RecoveryReport recovery;
  uint64_t extent_bytes = 0;
  {
    ENGRAM_ASSIGN_OR_RETURN(const StoreForLooking store, StoreForLooking::Open(path, &progress));
    recovery = store->recovery();
    extent_bytes = store->Stats().extent_bytes;
  }
  if (!recovery.tail_was_cut) return absl::OkStatus();
  io::PosixFileSystem files;
  ENGRAM_ASSIGN_OR_RETURN(const auto file, files.Open(path, io::OpenMode::kReadOnly));
  ENGRAM_ASSIGN_OR_RETURN(const uint64_t file_bytes, file->Size());
  // To the end of its extent, at least.
  std::vector<std::byte> tail(
      std::min(extent_bytes, file_bytes - std::min(file_bytes, recovery.cut_at.value)));
  ENGRAM_RETURN_IF_ERROR(io::ReadFully(*file, recovery.cut_at, tail));
  Remains remains;
  remains.damage = {recovery.cut_at, tail.size(), "log tail", "",
                    "the last commit is not complete: a crash came before its sync returned, or "
                    "it is damaged"};
  remains.bytes.push_back({remains.damage.structure, recovery.cut_at, tail});
  ENGRAM_RETURN_IF_ERROR(keeper.Keep(remains));
  return keeper.MakeDurable();
}

absl::Status RepairStore(const std::string& path, EventListener& progress, QuarantineFile& keeper,
                         Findings& findings) {
  ENGRAM_RETURN_IF_ERROR(KeepTail(path, progress, keeper));
  findings.tail_is_kept = keeper.is_durable();
  ENGRAM_ASSIGN_OR_RETURN(const auto store, OpenForChanging(path, /*create=*/false, &progress));
  findings.is_repaired = true;
  findings.recovery = store->recovery();
  ENGRAM_ASSIGN_OR_RETURN(findings.repair, store->Quarantine(keeper));
  findings.file = keeper.path();
  findings.found = findings.repair.found;
  ENGRAM_ASSIGN_OR_RETURN(findings.left, store->Verify());
  return store->Close();
}

absl::StatusOr<Findings> Repair(const std::string& path, EventListener& progress) {
  io::PosixFileSystem files;
  QuarantineFile keeper(files, path);
  Findings findings;
  absl::Status done = RepairStore(path, progress, keeper, findings);
  if (done.ok()) return findings;
  if (!keeper.is_durable()) return done;
  return absl::Status(
      done.code(),
      absl::StrCat(done.message(), "; before that, ",
                   Counted(findings.repair.memories_taken_out, "memory was", "memories were"),
                   " taken out, and what is kept is in ", keeper.path()));
}

void PrintDamages(const std::string& path, const char* what, const VerifyReport& report,
                  std::ostream& out) {
  for (const Damage& damage : report.damages) {
    out << path << ": " << what << Told(damage) << "\n";
  }
  for (const std::string& miscount : report.miscounts) {
    out << path << ": " << what << "wrong statistics: " << miscount << "\n";
  }
}

void PrintRepair(const std::string& path, const Findings& findings, std::ostream& out) {
  if (findings.tail_is_kept) {
    out << path << ": the bytes of the log's incomplete end, which is cut off, are kept in "
        << findings.file << "\n";
  }
  if (!findings.found.damages.empty()) {
    out << path << ": "
        << Counted(findings.repair.memories_taken_out, "memory was", "memories were")
        << " taken out";
    if (findings.repair.structures_restored > 0) {
      out << ", "
          << Counted(findings.repair.structures_restored, "header or directory was",
                     "headers or directories were")
          << " written again";
    }
    out << "; what was damaged is kept in " << findings.file << "\n";
  }
  PrintDamages(path, "left: ", findings.left, out);
  if (findings.left.damages.empty()) return;
  out << path
      << ": what is left cannot be taken out, because nobody can tell which memories it was about; "
         "store them again, or go on with a new store: engram export "
      << path << " | engram import --create NEW\n";
}

void Print(const std::string& path, const Findings& findings, std::ostream& out) {
  out << path << ": " << Told(findings.recovery) << "\n";
  for (const Damage& damage : findings.recovery.damages) {
    out << path << ": found while opening: " << Told(damage) << "\n";
  }
  PrintDamages(path, "damaged: ", findings.found, out);
  if (findings.is_repaired) {
    PrintRepair(path, findings, out);
  } else {
    if (findings.is_tail_doubtful()) {
      out << path
          << ": the log's end is not complete: if its commit had been acknowledged, that is "
          << "lost; engram fsck --repair keeps its bytes beside the store, and cuts it off\n";
    }
    if (!findings.found_no_damage()) {
      out << path << ": engram fsck --repair takes damaged memories out, and keeps what is left of "
          << "them beside the store\n";
    }
  }
  const VerifyReport& last = findings.is_repaired ? findings.left : findings.found;
  out << path << ": " << Counted(last.memories_checked, "memory", "memories") << " checked, "
      << Grouped(last.memories_damaged) << " damaged; "
      << (findings.exit_status() == kUncorrected ? "not sound" : "sound") << "\n";
}

Json ToJson(const std::string& path, const Findings& findings) {
  Json repair;
  Json left;
  if (findings.is_repaired) {
    repair = {{"file", findings.file},
              {"memories_taken_out", findings.repair.memories_taken_out},
              {"structures_restored", findings.repair.structures_restored}};
    left = cli::ToJson(findings.left);
  }
  return {{"path", path},
          {"recovery", cli::ToJson(findings.recovery)},
          {"found", cli::ToJson(findings.found)},
          {"repair", repair},
          {"left", left},
          {"exit_status", findings.exit_status()}};
}

int Fsck(const FsckArguments& arguments, const Streams& streams) {
  VerifyProgress progress(streams);
  const absl::StatusOr<Findings> findings =
      arguments.repair ? Repair(arguments.path, progress) : Check(arguments.path, progress);
  progress.Erase();
  if (!findings.ok()) {
    Fail(streams, findings.status());
    return kCouldNot;
  }
  if (arguments.json) {
    streams.out << Printed(ToJson(arguments.path, *findings));
  } else {
    Print(arguments.path, *findings, streams.out);
  }
  return findings->exit_status();
}

}  // namespace

void AddFsck(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<FsckArguments>();
  CLI::App* command = app.add_subcommand("fsck", "Check a store, and take out what is damaged");
  command->add_option("PATH", arguments->path, "the store")->required();
  command->add_flag("--repair", arguments->repair, "take out what is damaged, and keep it");
  command->add_flag("--json", arguments->json, "for programs");
  command->footer(kFooter);
  command->callback([arguments, &chosen] {
    chosen = [arguments](const Streams& streams) { return Fsck(*arguments, streams); };
  });
}

}  // namespace engram::inline ENGRAM_BODY::cli
