// engram backup: a complete store in a new file.

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/words.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

struct BackupArguments {
  std::string path;
  std::string target;
};

constexpr const char* kFooter =
    "Example:\n"
    "  engram backup agent.engram copies/monday.engram\n"
    "The copy is durable when the command ends. What is damaged in the store is so in the copy,\n"
    "too; see engram fsck. A program that has the store open makes backups by\n"
    "MemoryStore::Backup. The store itself is not written.";

int Backup(const BackupArguments& arguments, const Streams& streams) {
  const auto store = StoreForLooking::Open(arguments.path, nullptr);
  if (!store.ok()) return Fail(streams, store.status());
  if (absl::Status backup = (*store)->Backup(arguments.target); !backup.ok()) {
    return Fail(streams, backup);
  }
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
