// Importing files of format 1: from the last slot to the first, so that the first one met with some
// hash is the one that counts, and which ids are done is asked of the new store itself. Memory goes
// to a buffer of slots, the list of ids, and the hashes of damaged slots.

#include "api/import_v1.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "base/status_macros.h"
#include "engine/validation.h"
#include "format/v1_file.h"
#include "format/v1_id_hash.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY {
namespace engine {
namespace {

constexpr uint64_t kSlotsRead = 64;  // at once

// By StrCat: StrFormat ends the process where memory ends.
std::string NameOf(uint64_t id_hash) {
  return absl::StrCat("v1-", absl::Hex(id_hash, absl::kZeroPad16));
}

// Runs `call`; what an allocation that fails throws, or a callback, becomes an error.
template <typename Function>
absl::Status WithoutExceptions(const Function& call) {
  try {
    try {
      return call();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (...) {
      return absl::AbortedError("a callback has thrown an exception, which has ended the import");
    }
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kResourceExhausted, "");
  }
}

// Which id belongs to which hash.
class ListedIds {
 public:
  // INVALID_ARGUMENT: some id cannot be one, or not be told from another. `ids` must outlive it.
  static absl::StatusOr<ListedIds> Of(const std::vector<std::string>& ids, bool unlisted) {
    ListedIds listed;
    for (const std::string& id : ids) {
      if (absl::Status is_id = CheckId(id); !is_id.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("listed id ", &id - ids.data() + 1, ": ", is_id.message()));
      }
      const auto [known, is_new] = listed.by_hash_.emplace(format::V1IdHash(id), id);
      if (!is_new && known->second != id) {
        return absl::InvalidArgumentError(
            absl::StrCat("the listed ids ", std::string(known->second), " and ", id,
                         " have the same hash, so a slot cannot tell which it is; list one"));
      }
      if (unlisted && LooksGenerated(id)) {
        return absl::InvalidArgumentError(
            absl::StrCat("the listed id ", id,
                         " may be needed for a memory that is not listed; take it off the "
                         "list, or import listed ones only"));
      }
    }
    return listed;
  }

  // Empty: none.
  std::string_view Find(uint64_t id_hash) const {
    const auto found = by_hash_.find(id_hash);
    return found == by_hash_.end() ? std::string_view() : found->second;
  }
  const std::map<uint64_t, std::string_view>& by_hash() const { return by_hash_; }

 private:
  static bool LooksGenerated(std::string_view id) {
    return id.size() == NameOf(0).size() && id.starts_with("v1-") &&
           id.find_first_not_of("0123456789abcdef", 3) == std::string_view::npos;
  }

  std::map<uint64_t, std::string_view> by_hash_;
};

class V1Import {
 public:
  V1Import(io::FileSystem& files, const ImportV1Options& options)
      : files_(files), options_(options) {}

  absl::StatusOr<ImportV1Report> Run(const std::string& source, const std::string& target) {
    const std::string partial = absl::StrCat(target, ".partial");
    ENGRAM_RETURN_IF_ERROR(CheckAbsent(target, partial));
    if (options_.ids) {
      ENGRAM_ASSIGN_OR_RETURN(ids_, ListedIds::Of(*options_.ids, options_.unlisted));
    }
    ENGRAM_RETURN_IF_ERROR(OpenSource(source));
    if (absl::Status made = files_.Open(partial, io::OpenMode::kCreateNew).status(); !made.ok()) {
      if (!absl::IsAlreadyExists(made)) return made;
      return absl::AlreadyExistsError(
          absl::StrCat(partial,
                       " exists; if no import is under way it is what a killed one left: "
                       "remove it"));
    }
    // From here on it is ours, whatever happens.
    absl::Status imported = WithoutExceptions([&] { return Gather(partial, target); });
    store_.reset();  // how closing it ends does not matter: it is thrown away
    report_.partial_removed = WithoutExceptions([&]() -> absl::Status {
      ENGRAM_RETURN_IF_ERROR(files_.Remove(partial));
      return files_.SyncDirectoryOf(partial);
    });
    ENGRAM_RETURN_IF_ERROR(imported);
    return std::move(report_);
  }

 private:
  absl::Status CheckAbsent(const std::string& target, const std::string& partial) {
    ENGRAM_ASSIGN_OR_RETURN(const bool target_exists, files_.Exists(target));
    if (!target_exists) return absl::OkStatus();
    ENGRAM_ASSIGN_OR_RETURN(const bool partial_exists, files_.Exists(partial));
    if (!partial_exists) {
      return absl::AlreadyExistsError(
          absl::StrCat(target, " exists; import to a path where nothing is"));
    }
    return absl::AlreadyExistsError(
        absl::StrCat(target, " and ", partial,
                     " exist; if no import is under way, one was killed when it was almost done; "
                     "`engram stats` tells: if Open refuses ",
                     target,
                     ", it is half a store, so remove both and import again; else it is "
                     "complete, so remove ",
                     partial));
  }

  absl::Status OpenSource(const std::string& path) {
    ENGRAM_ASSIGN_OR_RETURN(source_, files_.Open(path, io::OpenMode::kReadOnly));
    ENGRAM_ASSIGN_OR_RETURN(source_bytes_, source_->Size());
    if (source_bytes_ < format::kV1HeaderBytes) {
      return absl::InvalidArgumentError(absl::StrCat(path, " has ", source_bytes_,
                                                     " bytes, less than the header of format 1, ",
                                                     format::kV1HeaderBytes));
    }
    std::array<std::byte, format::kV1HeaderBytes> header;
    ENGRAM_RETURN_IF_ERROR(Read(FileOffset{0}, header));
    if (absl::Status is_header = format::CheckV1Header(header); !is_header.ok()) {
      return absl::Status(is_header.code(), absl::StrCat(path, " ", is_header.message()));
    }
    const uint64_t block_bytes = source_bytes_ - format::kV1HeaderBytes;
    whole_slots_ = block_bytes / format::kV1BlockBytes;
    report_.slots = whole_slots_ + (block_bytes % format::kV1BlockBytes != 0 ? 1 : 0);
    report_.header_damages = format::FindV1HeaderDamages(header, report_.slots);
    return absl::OkStatus();
  }

  absl::Status Read(FileOffset offset, std::span<std::byte> target) {
    absl::Status read = io::ReadFully(*source_, offset, target);
    if (!absl::IsOutOfRange(read)) return read;
    return absl::FailedPreconditionError(
        absl::StrCat("the file became shorter while it was read; does another program use it? ",
                     read.message()));
  }

  // Fills a store at `partial`, an empty file, and makes `target` of it.
  absl::Status Gather(const std::string& partial, const std::string& target) {
    Options options = options_.store;
    options.create_if_missing = true;
    options.hot_capacity_bytes = 0;  // nobody reads it
    options.maintenance_interval = {};
    ENGRAM_ASSIGN_OR_RETURN(store_, MemoryStore::Open(files_, partial, options));
    ENGRAM_RETURN_IF_ERROR(ImportSlots());
    ENGRAM_RETURN_IF_ERROR(FinishReport());
    if (absl::Status copied = store_->Backup(target); !copied.ok()) {
      // Half a target is one that Open refuses; it is as well not to leave it.
      if (!absl::IsAlreadyExists(copied)) files_.Remove(target).IgnoreError();
      return copied;
    }
    return absl::OkStatus();
  }

  absl::Status ImportSlots() {
    if (whole_slots_ < report_.slots) ENGRAM_RETURN_IF_ERROR(RefuseCutSlot());
    std::vector<std::byte> bytes(std::min(whole_slots_, kSlotsRead) * format::kV1BlockBytes);
    for (uint64_t end = whole_slots_; end > 0;) {
      const uint64_t begin = end - std::min(end, kSlotsRead);
      const auto part = std::span(bytes).first((end - begin) * format::kV1BlockBytes);
      ENGRAM_RETURN_IF_ERROR(Read(format::V1BlockOffset(begin), part));
      for (uint64_t slot = end; slot-- > begin;) {
        const auto block = part.subspan((slot - begin) * format::kV1BlockBytes);
        ENGRAM_RETURN_IF_ERROR(ImportSlot(slot, block.first<format::kV1BlockBytes>()));
      }
      end = begin;
      if (options_.on_progress && !options_.on_progress(report_.slots - end, report_.slots)) {
        return absl::AbortedError(absl::StrCat("the import was stopped with ", end, " of ",
                                               report_.slots, " slots to be done"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status RefuseCutSlot() {
    const FileOffset begin = format::V1BlockOffset(whole_slots_);
    std::vector<std::byte> bytes(source_bytes_ - begin.value);
    ENGRAM_RETURN_IF_ERROR(Read(begin, bytes));
    Refuse(whole_slots_, bytes,
           {bytes.size(), absl::StrCat("the file ends, ", format::kV1BlockBytes - bytes.size(),
                                       " bytes before the slot does")});
    return absl::OkStatus();
  }

  // What an older slot of its id holds is older than what is damaged here, and must not take its
  // place.
  void Refuse(uint64_t slot, std::span<const std::byte> block, format::V1Damage damage) {
    ++report_.damaged;
    if (const auto id_hash = format::V1IdHashOf(block)) damaged_hashes_.insert(*id_hash);
    if (!options_.on_damaged) return;
    options_.on_damaged({.slot = slot,
                         .offset = {format::V1BlockOffset(slot).value + damage.offset},
                         .explanation = std::move(damage.explanation)});
  }

  absl::Status ImportSlot(uint64_t slot, format::V1Block block) {
    if (format::IsUnwritten(block)) {
      ++report_.unwritten;
      return absl::OkStatus();
    }
    if (auto damage = format::FindV1Damage(block)) {
      Refuse(slot, block, *std::move(damage));
      return absl::OkStatus();
    }
    format::V1Memory decoded = format::DecodeV1Block(block);
    if (decoded.content != format::V1Content::kUntold) report_.second_layout = true;
    const uint64_t id_hash = *format::V1IdHashOf(block);
    const std::string_view listed = ids_.Find(id_hash);
    if (listed.empty() && options_.ids && !options_.unlisted) {
      ++report_.unlisted;
      return absl::OkStatus();
    }
    decoded.memory.id = listed.empty() ? NameOf(id_hash) : std::string(listed);
    ENGRAM_ASSIGN_OR_RETURN(const Presence later, store_->Contains(decoded.memory.id));
    if (later.present) {
      ++report_.superseded;
    } else if (damaged_hashes_.contains(id_hash)) {
      ++report_.hidden;
    } else {
      ENGRAM_RETURN_IF_ERROR(store_->Store(decoded.memory).status());
      ++report_.imported;
      Count(decoded.content);
    }
    return absl::OkStatus();
  }

  void Count(format::V1Content content) {
    switch (content) {
      case format::V1Content::kUntold:
        ++report_.with_untold_content;
        break;
      case format::V1Content::kNone:
        ++report_.without_content;
        break;
      case format::V1Content::kEmpty:
        ++report_.with_empty_content;
        break;
      case format::V1Content::kText:
        ++report_.with_lost_content;
        break;
    }
  }

  absl::Status FinishReport() {
    for (const auto& [id_hash, id] : ids_.by_hash()) {
      ENGRAM_ASSIGN_OR_RETURN(const Presence presence, store_->Contains(id));
      if (!presence.present) report_.ids_not_found.emplace_back(id);
    }
    return absl::OkStatus();
  }

  io::FileSystem& files_;
  const ImportV1Options& options_;
  ListedIds ids_;
  std::unique_ptr<io::File> source_;
  uint64_t source_bytes_ = 0;
  uint64_t whole_slots_ = 0;
  std::unique_ptr<MemoryStore> store_;
  std::set<uint64_t> damaged_hashes_;
  ImportV1Report report_;
};

}  // namespace
}  // namespace engine

absl::StatusOr<ImportV1Report> ImportV1(io::FileSystem& files, const std::string& source,
                                        const std::string& target, const ImportV1Options& options) {
  try {
    return engine::V1Import(files, options).Run(source, target);
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kResourceExhausted, "");
  }
}

}  // namespace engram::inline ENGRAM_BODY
