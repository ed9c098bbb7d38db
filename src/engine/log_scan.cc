// Walking along segments and extents, looking for the log's continuation behind damage, and judging
// what is missing.

#include "engine/log_scan.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "format/extent_header.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Entries [from, to) are not intact; the first of them should stand at `offset`.
struct Gap {
  LogNumber from;
  LogNumber to;
  FileOffset offset;
};

struct Where {
  ExtentId extent;
  Generation generation;
};

// What no intact frame lists, at the end of the log.
void CollectUnframed(LogScan& scan) {
  scan.first_unframed = scan.end;
  scan.unframed.clear();
  for (auto scanned = scan.entries.rbegin(); scanned != scan.entries.rend(); ++scanned) {
    const format::LogEntry& entry = scanned->entry;
    if (entry.number.value + 1 != scan.first_unframed.value) break;
    scan.follows_frame = entry.kind == format::EntryKind::kFrame;
    if (scan.follows_frame) break;
    scan.first_unframed = entry.number;
    scan.unframed.push_back(entry.is_about_memory() ? format::IdHash(entry.id) : 0);
  }
  std::reverse(scan.unframed.begin(), scan.unframed.end());
}

class Scanner {
 public:
  Scanner(io::File& file, const format::Superblock& superblock, uint32_t extents)
      : file_(file),
        superblock_(superblock),
        geometry_{superblock.extent_bytes},
        extents_(extents) {}

  absl::StatusOr<LogScan> Scan() {
    const std::vector<format::LogSegment>& segments = superblock_.segments;
    for (size_t i = 0; i < segments.size(); ++i) {
      const LogNumber limit =
          i + 1 < segments.size() ? segments[i + 1].first : LogNumber{UINT64_MAX};
      ENGRAM_RETURN_IF_ERROR(ScanSegment(segments[i], limit));
      if (limit.value != UINT64_MAX && next_ < limit) AddGap(limit, scan_.end_offset);
    }
    Judge();
    return std::move(scan_);
  }

 private:
  format::EntryPlace PlaceOf(const ScannedExtent& extent, uint64_t position) const {
    return {superblock_.store_id,
            extent.generation,
            {geometry_.Begin(extent.extent).value + position},
            extent.first};
  }
  std::span<const std::byte> BytesFrom(const ScannedExtent& extent, uint64_t position) const {
    return {extent.bytes.get() + position, geometry_.extent_bytes - position};
  }

  // Reads an extent; what lies beyond the end of the file reads as zero.
  absl::StatusOr<ScannedExtent> ReadExtent(Where where, LogNumber first) {
    ScannedExtent extent{where.extent, where.generation, first, false,
                         std::make_unique<std::byte[]>(geometry_.extent_bytes)};
    if (where.extent.value < extents_) {
      ENGRAM_RETURN_IF_ERROR(io::ReadFully(file_, geometry_.Begin(where.extent),
                                           {extent.bytes.get(), geometry_.extent_bytes}));
    }
    return extent;
  }

  absl::StatusOr<format::ExtentHeader> HeaderOf(const ScannedExtent& extent) const {
    return format::DecodeExtentHeader(std::span<const std::byte, format::kExtentHeaderBytes>(
                                          extent.bytes.get(), format::kExtentHeaderBytes),
                                      superblock_.store_id, extent.extent);
  }

  // Whether an intact entry stands there, with a sequence that this store can have given out.
  bool TryEntry(const ScannedExtent& extent, uint64_t position, format::LogEntry& entry) const {
    return format::TryDecodeEntry(BytesFrom(extent, position), PlaceOf(extent, position), entry) &&
           entry.sequence < SequencesEnd();
  }

  // Every sequence of this store is lower. Open refuses the last incarnation.
  Sequence SequencesEnd() const {
    return {(superblock_.incarnation + 1) * format::kNumbersPerIncarnation};
  }

  void AddGap(LogNumber to, FileOffset offset) {
    gaps_.push_back({next_, to, offset});
    next_ = to;
  }

  absl::Status ScanSegment(const format::LogSegment& segment, LogNumber limit) {
    next_ = segment.first;
    Where where{segment.extent, segment.generation};
    LogNumber first = segment.extent_first;
    uint64_t position = segment.offset;
    for (uint32_t scanned = 0;; ++scanned) {
      if (scanned > extents_) {
        return absl::DataLossError("the log goes through more extents than the file has");
      }
      if (position < format::kExtentHeaderBytes || position > geometry_.extent_bytes) {
        return absl::DataLossError("superblock: a segment of the log begins outside its extent");
      }
      ENGRAM_ASSIGN_OR_RETURN(ScannedExtent read, ReadExtent(where, first));
      scan_.extents.push_back(std::move(read));
      ScannedExtent& extent = scan_.extents.back();
      const absl::StatusOr<format::ExtentHeader> header = HeaderOf(extent);
      extent.header_is_intact = header.ok() && header->generation == where.generation &&
                                header->type == format::ExtentType::kLog;
      std::optional<Where> next = ScanExtent(extent, position, limit);
      if (next_ >= limit) return absl::OkStatus();
      if (!next && extent.header_is_intact) {
        // The link may be what is damaged; the header names the same extent.
        ENGRAM_ASSIGN_OR_RETURN(
            next, Continuation({header->next_extent, header->next_generation}, limit));
      }
      if (!next) return absl::OkStatus();
      where = *next;
      first = next_;
      position = format::kExtentHeaderBytes;
    }
  }

  // Takes the intact entries from `position` on. Returns where a link leads, if it ends with one.
  std::optional<Where> ScanExtent(const ScannedExtent& extent, uint64_t position, LogNumber limit) {
    for (;;) {
      scan_.end_offset = {geometry_.Begin(extent.extent).value + position};
      if (next_ >= limit) return std::nullopt;
      format::LogEntry entry;
      if (!TryEntry(extent, position, entry) || entry.number != next_) {
        const FileOffset missing = scan_.end_offset;
        if (!FindIntact(extent, position, limit, entry)) {
          NoteTornEntry(extent, position);
          return std::nullopt;
        }
        AddGap(entry.number, missing);
      }
      scan_.entries.push_back({entry,
                               {geometry_.Begin(extent.extent).value + position},
                               BytesFrom(extent, position).first(entry.bytes)});
      ++next_.value;
      position += entry.bytes;
      if (entry.kind == format::EntryKind::kLink) {
        scan_.end_offset = {geometry_.Begin(extent.extent).value + position};
        return Where{entry.next_extent, entry.next_generation};
      }
    }
  }

  // Moves `position` to the next intact entry that comes later in the log than what is missing.
  bool FindIntact(const ScannedExtent& extent, uint64_t& position, LogNumber limit,
                  format::LogEntry& entry) const {
    for (uint64_t at = position + format::kAlignment;
         at + format::kEntryHeaderBytes <= geometry_.extent_bytes; at += format::kAlignment) {
      if (TryEntry(extent, at, entry) && entry.number > next_ && entry.number < limit) {
        position = at;
        return true;
      }
    }
    return false;
  }

  // Does the beginning of an entry stand where the log ends? Then its rest was torn off.
  void NoteTornEntry(const ScannedExtent& extent, uint64_t position) {
    constexpr size_t kBytesAt = 8;
    constexpr size_t kNumberAt = 12;
    if (position + format::kEntryHeaderBytes > geometry_.extent_bytes) return;
    const std::byte* const at = extent.bytes.get() + position;
    const auto bytes = LoadLittleEndian<uint32_t>(at + kBytesAt);
    torn_entry_ = bytes >= format::kEntryHeaderBytes && bytes % format::kAlignment == 0 &&
                  bytes <= geometry_.extent_bytes - position &&
                  extent.first.value + LoadLittleEndian<uint32_t>(at + kNumberAt) == next_.value;
  }

  // Whether the log goes on in `where`, which only a header names: what is missing before it is a
  // gap.
  absl::StatusOr<std::optional<Where>> Continuation(Where where, LogNumber limit) {
    if (where.generation.value == 0 || where.extent.value >= extents_) return std::nullopt;
    ENGRAM_ASSIGN_OR_RETURN(const ScannedExtent extent, ReadExtent(where, next_));
    const absl::StatusOr<format::ExtentHeader> header = HeaderOf(extent);
    if (!header.ok() || header->generation != where.generation ||
        header->first_log_number <= next_ || header->first_log_number >= limit ||
        header->first_log_number.value > format::kLogNumberMax) {
      return std::nullopt;
    }
    AddGap(header->first_log_number, scan_.end_offset);
    return where;
  }

  void Judge() {
    LogNumber proven =
        superblock_.segments.empty() ? LogNumber{1} : superblock_.segments.back().first;
    for (const ScannedEntry& scanned : scan_.entries) {
      if (scanned.entry.kind == format::EntryKind::kFrame) {
        proven = std::max(proven, scanned.entry.durable);
      }
    }
    scan_.proven = proven;
    scan_.end = next_;
    FileOffset end_offset = scan_.end_offset;
    for (const Gap& gap : gaps_) {
      if (gap.from < proven) AddLosses(gap.from, std::min(gap.to, proven), gap.offset);
      if (gap.to > proven) {
        CutAt(scan_, std::max(gap.from, proven));
        end_offset = gap.offset;
        torn_entry_ = true;
        break;
      }
    }
    scan_.end_offset = end_offset;
    scan_.tail_was_cut = torn_entry_;
    CollectUnframed(scan_);
  }

  // A sequence that is higher than that of entry `number` can have been.
  Sequence Above(LogNumber number) const {
    for (const ScannedEntry& scanned : scan_.entries) {
      if (scanned.entry.number > number && scanned.entry.is_about_memory() &&
          scanned.entry.kind != format::EntryKind::kRelocated &&
          scanned.entry.kind != format::EntryKind::kMove) {
        return scanned.entry.sequence;
      }
    }
    return SequencesEnd();
  }

  // Entries [from, to) are lost. Frames around them say which memories they were about.
  void AddLosses(LogNumber from, LogNumber to, FileOffset offset) {
    const Sequence before = Above(from);
    uint64_t unexplained = to.value - from.value;
    for (const ScannedEntry& scanned : scan_.entries) {
      const format::LogEntry& frame = scanned.entry;
      if (frame.kind != format::EntryKind::kFrame) continue;
      const uint64_t end = frame.first_hashed.value + frame.hash_count;
      for (uint64_t number = std::max(from.value, frame.first_hashed.value);
           number < std::min(to.value, end); ++number) {
        const uint64_t hash =
            frame.HashAt(static_cast<uint32_t>(number - frame.first_hashed.value));
        if (hash != 0) scan_.losses.push_back({hash, hash, before});
        --unexplained;
      }
      const uint64_t previous = frame.first_hashed.value - 1;
      if (frame.follows_frame && previous >= from.value && previous < to.value) --unexplained;
    }
    Damage damage;
    damage.offset = offset;
    damage.structure = "log entry";
    damage.explanation =
        absl::StrCat("entries ", from.value, " to ", to.value - 1, " of the log are not intact");
    if (unexplained > 0) {
      absl::StrAppend(&damage.explanation,
                      ", and nothing says which memories they are about: every memory that was not "
                      "stored or removed since may be another");
      scan_.losses.push_back({0, UINT64_MAX, before});
    }
    scan_.damages.push_back(std::move(damage));
  }

  io::File& file_;
  const format::Superblock& superblock_;
  const format::Geometry geometry_;
  const uint32_t extents_;
  LogScan scan_;
  std::vector<Gap> gaps_;
  LogNumber next_{1};
  bool torn_entry_ = false;
};

}  // namespace

absl::StatusOr<LogScan> ScanLog(io::File& file, const format::Superblock& superblock,
                                uint32_t extents) {
  return Scanner(file, superblock, extents).Scan();
}

void CutAt(LogScan& scan, LogNumber end) {
  const auto cut =
      std::find_if(scan.entries.begin(), scan.entries.end(),
                   [&](const ScannedEntry& scanned) { return scanned.entry.number >= end; });
  if (cut != scan.entries.end()) scan.end_offset = cut->place;
  scan.entries.erase(cut, scan.entries.end());
  scan.end = end;
  CollectUnframed(scan);
}

}  // namespace engram::inline ENGRAM_BODY::engine
