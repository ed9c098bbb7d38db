// engram backup: a complete store in a new file.

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/progress.h"
#include "cli/words.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

struct BackupArguments {
  std::string path;
  std::string target;
};

constexpr const char* kFooter =
    "Example:\n"
    "  engram backup agent.engram copies/monday.engram\n"
    "The copy is durable when the command ends; if it fails, DST may be left incomplete, and it "
    "says\n"
    "so. What is damaged in the store is so in the copy,\n"
    "too; see engram fsck. A program that has the store open makes backups by\n"
    "MemoryStore::Backup. The store itself is not written.";

class BackupProgress final : public EventListener {
 public:
  explicit BackupProgress(const Streams& streams) : progress_(streams, "copying", "MiB") {}
  void OnBackupProgress(uint64_t bytes_done, uint64_t bytes_to_do) override {
    progress_.Show(bytes_done / kMiB, bytes_to_do / kMiB);
  }
  void Erase() { progress_.Erase(); }

 private:
  Progress progress_;
};

// What has failed, and what that has left.
absl::Status Told(const absl::Status& failed, const std::string& target) {
  if (absl::IsAlreadyExists(failed)) return failed;
  io::PosixFileSystem files;
  const absl::StatusOr<bool> exists = files.Exists(target);
  if (exists.ok() && !*exists) return failed;
  return absl::Status(failed.code(), absl::StrCat(failed.message(), "; what ", target,
                                                  " holds is no complete copy: remove it"));
}

int Backup(const BackupArguments& arguments, const Streams& streams) {
  BackupProgress progress(streams);
  const auto store = StoreForLooking::Open(arguments.path, &progress);
  if (!store.ok()) return Fail(streams, store.status());
  const absl::Status backup = (*store)->Backup(arguments.target);
  progress.Erase();
  if (!backup.ok()) return Fail(streams, Told(backup, arguments.target));
  streams.out << absl::StrCat(arguments.target, ": a copy of ",
                              Counted((*store)->Count(), "memory", "memories"), "\n");
  return kExitOk;
}

}  // namespace

void AddBackup(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<BackupArguments>();
  CLI::App* backup = app.add_subcommand("backup", "Copy a store into a new file");
  backup->add_option("PATH", arguments->path, "the store")->required();
  backup->add_option("DST", arguments->target, "the new file; must not exist")->required();
  backup->footer(kFooter);
  backup->callback([arguments, &chosen] {
    chosen = [arguments](const Streams& streams) { return Backup(*arguments, streams); };
  });
}

}  // namespace engram::inline ENGRAM_BODY::cli
