// Lines, and a name that nobody has.

#include "cli/quarantine_file.h"

#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/memory_json.h"
#include "cli/report_json.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

// A thousand repairs of one store have left more behind than anybody can mend.
constexpr int kFilesMax = 1000;

}  // namespace

std::string QuarantineLine(const Remains& remains) {
  Json json = ToJson(remains.damage);
  json["is_memory"] = remains.is_memory;
  if (remains.is_memory) {
    json["id_hash"] = remains.id_hash;
    json["sequence"] = remains.sequence.value;
  }
  std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  line.pop_back();  // more fields follow
  if (remains.intact) {
    line += ",\"intact\":";
    AppendJson(*remains.intact, line);
  }
  line += ",\"left\":[";
  bool is_first = true;
  for (const RemainingBytes& left : remains.bytes) {
    const absl::string_view bytes(reinterpret_cast<const char*>(left.bytes.data()),
                                  left.bytes.size());
    absl::StrAppend(&line, is_first ? "" : ",", "{\"structure\":\"", std::string(left.structure),
                    "\",\"offset\":", left.offset.value, ",\"length\":", left.bytes.size(),
                    ",\"base64\":\"", absl::Base64Escape(bytes), "\"}");
    is_first = false;
  }
  return line + "]}";
}

QuarantineFile::~QuarantineFile() {
  if (buffer_ != nullptr && !is_durable_) (void)files_.Remove(path_);  // another error is told
}

absl::Status QuarantineFile::Create() {
  for (int number = 1; number <= kFilesMax; ++number) {
    path_ = absl::StrCat(store_path_, ".quarantine-", number, ".jsonl");
    auto file = files_.Open(path_, io::OpenMode::kCreateNew);
    if (absl::IsAlreadyExists(file.status())) continue;
    ENGRAM_RETURN_IF_ERROR(file.status());
    buffer_ = std::make_unique<FileStreamBuffer>(*std::move(file));
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(absl::StrCat(store_path_, ".quarantine-1.jsonl to -", kFilesMax,
                                               ".jsonl exist; put them elsewhere"));
}

absl::Status QuarantineFile::Keep(const Remains& remains) {
  if (buffer_ == nullptr) ENGRAM_RETURN_IF_ERROR(Create());
  const std::string line = QuarantineLine(remains) + "\n";
  buffer_->sputn(line.data(), static_cast<std::streamsize>(line.size()));
  return buffer_->status();
}

absl::Status QuarantineFile::MakeDurable() {
  ENGRAM_RETURN_IF_ERROR(buffer_->Finish());
  ENGRAM_RETURN_IF_ERROR(files_.SyncDirectoryOf(path_));
  is_durable_ = true;
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::cli
