// engram import: memories into a store, from lines of JSON as engram export writes them.

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/command.h"
#include "cli/file_stream.h"
#include "cli/memory_json.h"
#include "cli/open_store.h"
#include "cli/progress.h"
#include "cli/words.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

struct ImportArguments {
  std::string path;
  std::string file = "-";
  bool create = false;
};

constexpr const char* kFooter =
    "Examples:\n"
    "  engram import agent.engram memories.jsonl\n"
    "  engram export old.engram | engram import --create new.engram\n"
    "A memory replaces the one with its id. A line that is no memory is refused, with its number\n"
    "and the reason on stderr, and the others are stored; then the exit status is 1. Everything\n"
    "that was stored is durable when the command ends. See engram export --help for the lines.";

struct Imported {
  uint64_t memories = 0;
  uint64_t refused = 0;
};

absl::Status StoreLine(MemoryStore& store, const std::string& line) {
  ENGRAM_ASSIGN_OR_RETURN(const Memory memory, ParseMemory(line));
  return store.Store(memory).status();
}

absl::Status StoreAll(MemoryStore& store, std::istream& in, const Streams& streams,
                      Imported& imported) {
  Progress progress(streams, "importing", "memories");
  std::string line;
  for (uint64_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const absl::Status stored = StoreLine(store, line);
    if (stored.ok()) {
      progress.Show(++imported.memories, 0);
      continue;
    }
    const std::string what = absl::StrCat("line ", number, ": ", stored.message());
    // Another error is not the line's, and the next line would meet it as well.
    if (!absl::IsInvalidArgument(stored)) return absl::Status(stored.code(), what);
    progress.Erase();
    Complain(streams, what);
    ++imported.refused;
  }
  return absl::OkStatus();
}

int Import(const ImportArguments& arguments, const Streams& streams) {
  // Before the store: none is made for lines that are not there.
  std::optional<FileStreamBuffer> buffer;
  if (arguments.file != "-") {
    auto file = io::PosixFileSystem().Open(arguments.file, io::OpenMode::kReadOnly);
    if (!file.ok()) return Fail(streams, file.status());
    buffer.emplace(*std::move(file));
  }
  std::istream in(buffer ? &*buffer : streams.in.rdbuf());
  const auto store = OpenForChanging(arguments.path, arguments.create, nullptr);
  if (!store.ok()) return Fail(streams, store.status());
  Imported imported;
  absl::Status status = StoreAll(**store, in, streams, imported);
  if (status.ok() && buffer) status = buffer->status();
  const absl::Status closed = (*store)->Close();
  if (status.ok()) status = closed;
  if (!status.ok()) {
    Fail(streams, status);
    Complain(streams,
             absl::StrCat("the import has ended early; of what came before it, ",
                          Counted(imported.memories, "memory was", "memories were"), " stored"));
    return kExitFailed;
  }
  streams.out << arguments.path << ": " << Counted(imported.memories, "memory", "memories")
              << " imported";
  if (imported.refused > 0) {
    streams.out << ", " << Counted(imported.refused, "line", "lines") << " refused";
  }
  streams.out << "\n";
  return imported.refused == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void AddImport(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = app.add_subcommand("import", "Store memories from lines of JSON");
  command->add_option("PATH", arguments->path, "the store")->required();
  command->add_option("FILE", arguments->file, "where the lines are; - is stdin")
      ->capture_default_str();
  command->add_flag("--create", arguments->create, "make the store if there is none");
  command->footer(kFooter);
  command->callback([arguments, &chosen] {
    chosen = [arguments](const Streams& streams) { return Import(*arguments, streams); };
  });
}

}  // namespace engram::inline ENGRAM_BODY::cli
