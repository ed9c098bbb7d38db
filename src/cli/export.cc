// engram export: every memory of a store as a line of JSON.
//
// In the order of MemoryStore::List, which depends on ids alone: stores with the same memories are
// exported to the same bytes.

#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/escaping.h"
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

struct ExportArguments {
  std::string path;
  std::string file = "-";
};

constexpr const char* kFooter =
    "Examples:\n"
    "  engram export agent.engram memories.jsonl\n"
    "  engram export agent.engram | gzip > memories.jsonl.gz\n"
    "Each line is one memory: {\"id\", \"embedding\", \"confidence\", \"activation\", "
    "\"decay_rate\",\n"
    "\"created_at\", \"last_access\", \"access_count\", \"content\"}; without content there is no\n"
    "such field. Every number reads back as the same bits. What is damaged is named on stderr and\n"
    "left out; then the exit status is 1, and everything else is there. Nothing is written to the\n"
    "store.";

struct Exported {
  uint64_t memories = 0;
  uint64_t damaged = 0;
};

std::string Told(const PageItem& item) {
  std::string whose;
  if (!item.memory.id.empty()) {
    whose = absl::StrCat("memory \"", absl::Utf8SafeCEscape(item.memory.id), "\"");
  } else if (item.id_hash == item.id_hash_last) {
    whose = absl::StrCat("a memory whose id has the hash ", item.id_hash);
  } else {
    whose = absl::StrCat("memories whose ids have hashes from ", item.id_hash, " to ",
                         item.id_hash_last, ", if there are any");
  }
  return absl::StrCat("not exported: ", whose, ": ", item.status.message());
}

absl::StatusOr<Exported> WriteAll(MemoryStore& store, std::ostream& out, const Streams& streams) {
  Progress progress(streams, "exporting", "memories");
  const uint64_t count = store.Count();
  Exported exported;
  std::string line;
  std::string cursor;
  do {
    ENGRAM_ASSIGN_OR_RETURN(const Page page, store.List(cursor, kPageLimitMax, std::nullopt));
    for (const PageItem& item : page.items) {
      if (!item.status.ok()) {
        progress.Erase();
        Complain(streams, Told(item));
        ++exported.damaged;
        continue;
      }
      line.clear();
      AppendJson(item.memory, line);
      line += '\n';
      out.write(line.data(), static_cast<std::streamsize>(line.size()));
      ++exported.memories;
    }
    if (!out.good()) return absl::UnavailableError("the export cannot be written");
    progress.Show(exported.memories, count);
    cursor = page.cursor;
  } while (!cursor.empty());
  out.flush();
  return exported;
}

// To the new file `path`; one that is not complete is removed.
absl::StatusOr<Exported> WriteFile(MemoryStore& store, const std::string& path,
                                   const Streams& streams) {
  io::PosixFileSystem files;
  ENGRAM_ASSIGN_OR_RETURN(auto file, files.Open(path, io::OpenMode::kCreateNew));
  FileStreamBuffer buffer(std::move(file));
  std::ostream out(&buffer);
  absl::StatusOr<Exported> exported = WriteAll(store, out, streams);
  absl::Status finished = buffer.Finish();
  if (finished.ok()) finished = files.SyncDirectoryOf(path);
  if (!finished.ok()) exported = finished;
  if (!exported.ok()) (void)files.Remove(path);  // the first error is the one to tell
  return exported;
}

int Export(const ExportArguments& arguments, const Streams& streams) {
  const auto store = StoreForLooking::Open(arguments.path, nullptr);
  if (!store.ok()) return Fail(streams, store.status());
  const bool is_stdout = arguments.file == "-";
  const absl::StatusOr<Exported> exported = is_stdout ? WriteAll(**store, streams.out, streams)
                                                      : WriteFile(**store, arguments.file, streams);
  if (!exported.ok()) return Fail(streams, exported.status());
  if (!is_stdout) {
    streams.out << arguments.file << ": " << Counted(exported->memories, "memory", "memories")
                << "\n";
  }
  if (exported->damaged == 0) return kExitOk;
  Complain(streams,
           absl::StrCat(arguments.path, ": ", Counted(exported->damaged, "item is", "items are"),
                        " damaged and not exported; the other ",
                        Counted(exported->memories, "memory is", "memories are"),
                        ". engram fsck says more"));
  return kExitFailed;
}

}  // namespace

void AddExport(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "Write every memory as a line of JSON");
  command->add_option("PATH", arguments->path, "the store")->required();
  command->add_option("FILE", arguments->file, "a new file; - is stdout")->capture_default_str();
  command->footer(kFooter);
  command->callback([arguments, &chosen] {
    chosen = [arguments](const Streams& streams) { return Export(*arguments, streams); };
  });
}

}  // namespace engram::inline ENGRAM_BODY::cli
