// Fuzz target: decoding what is on disk. Long because it tries each structure. Claim: whatever the
// bytes, each decoder of src/format returns, reads nothing outside of them, allocates no more than
// a small multiple of them, and refuses with a reason or accepts; what it accepts encodes to the
// same bytes again, and is safe to compute with.
//
// An input begins with a letter for the structure (s superblock, h extent header, e log entry,
// b bucket, m meta data, d directory of a cold run, r such a run of one extent of 8 KiB, z
// compressed content behind its length in 4 bytes) and a digit for the size of extents; what
// follows are the structure's bytes, zeros at the end left out if its size is fixed. A checksum
// guards nearly all, so the mutator mostly repairs it, and the length of an entry, after changing
// what they cover. Now and then it starts anew from an encoding of the samples, so that what is
// tried stays near the format even if the corpus is of an older one.
//
// Run it with `ci/fuzz decoders`; its corpus, fuzz/corpora/decoders, is replayed by every test run.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/cold_content.h"
#include "format/cold_run.h"
#include "format/samples_fixture.h"
#include "fuzz/bounded_allocation.h"
#include "fuzz/images/cold_repair.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace engram::inline ENGRAM_BODY::format {
namespace {

constexpr size_t kPrefixBytes = 2;
constexpr ExtentId kExtent{6};
constexpr std::array<uint64_t, 4> kExtentSizes = {8 * kKiB, 12 * kKiB, 200 * kKiB, 4 * kMiB};

Geometry GeometryOf(uint8_t digit) { return {kExtentSizes[digit % kExtentSizes.size()]}; }

// ---- Bounded allocation.

// What `decode` returns; it must not allocate much more than the size of `bytes`.
template <typename Decode>
auto Bounded(std::span<const std::byte> bytes, const Decode& decode) {
  const fuzz::AllocationCount count;
  auto result = decode();
  ENGRAM_CHECK(count.bytes() <= 8 * bytes.size() + 4 * kKiB, "decoding allocated too much");
  return result;
}

// ---- Decoders.

void RefusedWithReason(const absl::Status& status) {
  ENGRAM_CHECK(absl::IsDataLoss(status), "refused with another code");
  ENGRAM_CHECK(!status.message().empty(), "refused without a reason");
}

void CheckSame(std::span<const std::byte> again, std::span<const std::byte> bytes) {
  ENGRAM_CHECK(std::ranges::equal(again, bytes), "accepted bytes are not those of their value");
}

// Whether the checkpoint's stream fits into its runs, and these into a file, computed in such a way
// that nothing wraps around.
bool IsSafe(const Superblock& superblock) {
  using Wide = unsigned __int128;
  const Geometry geometry{superblock.extent_bytes};
  Wide room = 0;
  for (const ExtentRun& run : superblock.runs) {
    if (Wide{run.first.value} + run.extents > geometry.ExtentsMax()) return false;
    room += Wide{run.extents} * superblock.extent_bytes - kExtentHeaderBytes;
  }
  return superblock.meta_bytes + Wide{superblock.buckets} * kBucketBytes <= room &&
         superblock.memories <= Wide{superblock.buckets} * kBucketEntriesMax &&
         superblock.runs.size() <= Superblock::kRunsMax &&
         superblock.segments.size() <= Superblock::kSegmentsMax;
}

void TrySuperblock(std::span<const std::byte, kSuperblockBytes> bytes) {
  const auto superblock = Bounded(bytes, [&] { return DecodeSuperblock(bytes); });
  if (superblock.ok()) {
    CheckSame(Encode(*superblock), bytes);
    ENGRAM_CHECK(IsSafe(*superblock), "a superblock names what cannot be");
  } else if (absl::IsUnimplemented(superblock.status())) {
    const bool is_format_1 = std::memcmp(bytes.data(), "AMMARGNE", 8) == 0;
    ENGRAM_CHECK(is_format_1 || LoadLittleEndian<uint32_t>(bytes.data() + 8) != kVersion,
                 "this version is said to be another");
  } else {
    RefusedWithReason(superblock.status());
  }
}

void TryExtentHeader(std::span<const std::byte, kExtentHeaderBytes> bytes) {
  const auto header =
      Bounded(bytes, [&] { return DecodeExtentHeader(bytes, kSampleStore, kExtent); });
  if (header.ok()) {
    ENGRAM_CHECK(header->extent == kExtent, "the header of another extent");
    CheckSame(Encode(*header, kSampleStore), bytes);
  } else {
    RefusedWithReason(header.status());
  }
}

void TryEntry(std::span<const std::byte> bytes) {
  const auto entry = Bounded(bytes, [&] { return DecodeEntry(bytes, kSamplePlace); });
  LogEntry tried;
  ENGRAM_CHECK(TryDecodeEntry(bytes, kSamplePlace, tried) == entry.ok(), "the decoders disagree");
  if (entry.ok()) {
    ENGRAM_CHECK(entry->bytes <= bytes.size() && entry->bytes % kAlignment == 0, "a wrong length");
    CheckSame(EncodedAgain(*entry, kSamplePlace), bytes.first(entry->bytes));
    CheckSame(EncodedAgain(tried, kSamplePlace), bytes.first(entry->bytes));
  } else {
    RefusedWithReason(entry.status());
  }
}

void TryBucket(std::span<const std::byte, kBucketBytes> bytes) {
  if (!Bounded(bytes, [&] {
        return BucketIsIntact(bytes, kSampleStore, kSampleCheckpoint, kSampleBucketNumber);
      })) {
    return;
  }
  std::vector<IndexEntry> entries;
  for (uint32_t i = 0; i < BucketCount(bytes); ++i) {
    entries.push_back(BucketEntryAt(bytes, i));
    ENGRAM_CHECK(BucketHashAt(bytes, i) == entries.back().hash, "two hashes of one entry");
  }
  CheckSame(EncodedBucket(entries), bytes);
}

void TryMeta(std::span<const std::byte> bytes, const Geometry& geometry) {
  const auto meta = Bounded(bytes, [&] { return DecodeCheckpointMeta(bytes, geometry); });
  if (!meta.ok()) return RefusedWithReason(meta.status());
  CheckSame(Encode(*meta, geometry), bytes);
  size_t extent = 0;
  while (extent < meta->extents.size()) {
    const ExtentRow& row = meta->extents[extent];
    const size_t run = row.type == ExtentType::kFree ? 1 : row.run_extents;
    ENGRAM_CHECK(run >= 1 && run <= meta->extents.size() - extent, "a run leads out of the file");
    extent += run;
  }
}

// ---- Cold memories.

void TryDirectory(std::span<const std::byte, kColdDirectoryBytes> bytes, const Geometry& geometry) {
  const auto directory =
      Bounded(bytes, [&] { return DecodeColdDirectory(bytes, geometry, kSampleStore); });
  if (!directory.ok()) return RefusedWithReason(directory.status());
  CheckSame(Encode(*directory, geometry, kSampleStore), bytes);
  using Wide = unsigned __int128;
  const Wide all = Wide{512} + 64 + Wide{directory->rows} * (99 + 3072) + directory->id_bytes +
                   directory->content_bytes + 64;
  ENGRAM_CHECK(all <= Wide{directory->run_extents} * geometry.extent_bytes,
               "a run has more than fits into it");
}

void TryContent(std::span<const std::byte> stored, uint64_t content_bytes) {
  // What a row may say, and a test may take.
  if (stored.size() >= content_bytes || !CanDecompressTo(stored.size(), content_bytes)) return;
  if (content_bytes > kMiB) return;
  const auto content = std::make_unique<char[]>(content_bytes);
  static ContentDecompressor decompressor;
  const absl::Status status = decompressor.Decompress(stored, {content.get(), content_bytes});
  if (!status.ok()) RefusedWithReason(status);
}

void TryRun(std::span<const std::byte> run) {
  const auto directory = DecodeColdDirectory(run.subspan<kExtentHeaderBytes, kColdDirectoryBytes>(),
                                             kSampleGeometry, kSampleStore);
  if (!directory.ok() || directory->run_extents != 1) return;
  const ColdLayout layout(*directory, kSampleGeometry);
  for (uint32_t number = 0; number <= directory->rows; ++number) {
    const auto row = Bounded(run, [&] { return DecodeColdRow(run, layout, kSampleStore, number); });
    if (!row.ok()) {
      RefusedWithReason(row.status());
      continue;
    }
    ENGRAM_CHECK(number < directory->rows, "a row that the run does not have");
    Bytes again(run.begin(), run.end());
    EncodeColdRow(again, layout, kSampleStore, number, *row);
    CheckSame(again, run);
    const std::span<const std::byte> stored = StoredContentOf(run, layout, *row);
    if (row->codec == ColdCodec::kZstd) TryContent(stored, *row->content_bytes);
    ENGRAM_CHECK(layout.EmbeddingOf(number) + kSlotBytes <= run.size(), "an embedding outside");
  }
}

// Gives a run and its rows the checksums that the decoders expect.
void RepairRun(Bytes& run) {
  fuzz::RepairColdDirectory(std::span(run).subspan(kExtentHeaderBytes, kColdDirectoryBytes),
                            kSampleStore);
  fuzz::RepairColdRows(run, {}, kSampleGeometry, kSampleStore);
}

// ---- Inputs.

// Of a structure of fixed size; 0: its size is that of the input.
size_t FixedSizeOf(uint8_t letter) {
  switch (letter) {
    case 's':
      return kSuperblockBytes;
    case 'h':
      return kExtentHeaderBytes;
    case 'b':
      return kBucketBytes;
    case 'd':
      return kColdDirectoryBytes;
    case 'r':
      return kSampleGeometry.extent_bytes;
    default:
      return 0;
  }
}

// False: this is no input.
bool Try(std::span<const uint8_t> input) {
  if (input.size() < kPrefixBytes) return false;
  const uint8_t letter = input[0];
  const auto body = std::as_bytes(input.subspan(kPrefixBytes));
  const size_t fixed_size = FixedSizeOf(letter);
  if (fixed_size != 0 && body.size() > fixed_size) return false;
  // A copy of exactly the size, so that every read outside of it is seen.
  const size_t size = fixed_size != 0 ? fixed_size : body.size();
  const auto copy = std::make_unique<std::byte[]>(size);
  std::ranges::copy(body, copy.get());
  const std::span<const std::byte> bytes(copy.get(), size);
  switch (letter) {
    case 's':
      TrySuperblock(bytes.first<kSuperblockBytes>());
      return true;
    case 'h':
      TryExtentHeader(bytes.first<kExtentHeaderBytes>());
      return true;
    case 'e':
      TryEntry(bytes);
      return true;
    case 'b':
      TryBucket(bytes.first<kBucketBytes>());
      return true;
    case 'm':
      TryMeta(bytes, GeometryOf(input[1]));
      return true;
    case 'd':
      TryDirectory(bytes.first<kColdDirectoryBytes>(), GeometryOf(input[1]));
      return true;
    case 'r':
      TryRun(bytes);
      return true;
    case 'z':
      if (size < sizeof(uint32_t)) return false;
      TryContent(bytes.subspan(sizeof(uint32_t)), LoadLittleEndian<uint32_t>(bytes.data()));
      return true;
    default:
      return false;
  }
}

// ---- Mutations.

Bytes SampleContent() {
  const std::string text(500, 'c');
  Bytes content(sizeof(uint32_t));
  StoreLittleEndian(content.data(), static_cast<uint32_t>(text.size()));
  ContentCompressor().Compress(std::as_bytes(std::span(text)), content);
  return content;
}

// Some sample as an input.
Bytes SampleInput(unsigned seed) {
  std::vector<std::pair<char, Bytes>> samples;
  const auto add = [&samples](char letter, std::span<const std::byte> bytes) {
    samples.push_back({letter, Bytes(bytes.begin(), bytes.end())});
  };
  add('s', Encode(SampleSuperblock()));
  add('s', Encode(NewSuperblock()));
  add('h', Encode(SampleHeader(), kSampleStore));
  ExtentHeader run = SampleRunHeader();
  run.extent = kExtent;
  add('h', Encode(run, kSampleStore));
  for (const SampleEntry& entry : SampleEntries()) add('e', entry.bytes);
  add('b', EncodedBucket(SampleIndexEntries()));
  add('b', EncodedBucket({}));
  add('m', Encode(SampleMeta(), kSampleGeometry));
  add('m', Encode(CheckpointMeta{}, kSampleGeometry));
  add('d', Encode(kSampleDirectory, kSampleGeometry, kSampleStore));
  add('r', SampleRun());
  add('z', SampleContent());
  auto& [letter, bytes] = samples[seed % samples.size()];
  if (FixedSizeOf(static_cast<uint8_t>(letter)) != 0) {
    while (bytes.back() == std::byte{0}) bytes.pop_back();
  }
  Bytes input = {static_cast<std::byte>(letter), std::byte{'0'}};
  input.insert(input.end(), bytes.begin(), bytes.end());
  return input;
}

// Writes a value that is at some bound to some field of `body`.
void SetField(std::span<std::byte> body, unsigned seed) {
  constexpr std::array<uint64_t, 12> kValues = {
      0, 1, 2, 7, 8, 511, 1024, 1025, 1u << 31, UINT32_MAX, uint64_t{1} << 63, UINT64_MAX};
  const uint64_t value = kValues[seed % kValues.size()];
  const size_t width = size_t{1} << (seed / 16 % 4);
  if (body.size() < width) return;
  std::array<std::byte, 8> bytes;
  StoreLittleEndian(bytes.data(), value);
  const size_t position = seed / 64 % (body.size() - width + 1) / width * width;
  std::copy_n(bytes.begin(), width, body.begin() + static_cast<ptrdiff_t>(position));
}

void StoreChecksumOf(Bytes& body, Generation generation, uint64_t position) {
  StoreLittleEndian(body.data(), Checksum(std::span(body).subspan(8),
                                          PlaceSeed(kSampleStore, generation, position)));
}

// Gives `body` the checksum, and an entry the length, that the decoder expects.
void Repair(uint8_t letter, Bytes& body) {
  const size_t fixed_size = FixedSizeOf(letter);
  if (fixed_size != 0) body.resize(fixed_size);
  switch (letter) {
    case 's': {
      const auto version = LoadLittleEndian<uint32_t>(body.data() + 8);
      const uint64_t front = Checksum(std::span(body).first(120), version);
      StoreLittleEndian(body.data() + 120, Checksum(std::span(body).subspan(128), front));
      break;
    }
    case 'h':
      StoreChecksumOf(body, Generation{}, kExtent.value);
      break;
    case 'b':
      StoreChecksumOf(body, kSampleCheckpoint, kSampleBucketNumber);
      break;
    case 'd':
      StoreChecksumOf(body, {LoadLittleEndian<uint64_t>(body.data() + 8)}, UINT64_MAX);
      break;
    case 'r':
      RepairRun(body);
      break;
    case 'e':
      body.resize(std::max<size_t>(RoundUp(body.size(), kAlignment), kEntryHeaderBytes));
      StoreLittleEndian(body.data() + 8, static_cast<uint32_t>(body.size()));
      StoreChecksumOf(body, kSamplePlace.generation, kSamplePlace.offset.value);
      break;
    default:
      break;
  }
  if (fixed_size != 0) {
    while (!body.empty() && body.back() == std::byte{0}) body.pop_back();
  }
}

// An input made from `input`, at most `size_max` long; empty: none could be made.
Bytes Mutated(std::span<const uint8_t> input, size_t size_max, unsigned seed) {
  if (input.size() < kPrefixBytes || seed % 64 == 0) {
    Bytes sample = SampleInput(seed / 64);
    return sample.size() <= size_max ? sample : Bytes{};
  }
  const uint8_t letter = input[0];
  Bytes prefix = {static_cast<std::byte>(letter), static_cast<std::byte>(input[1])};
  if (letter == 'm' && seed % 32 == 1) prefix[1] = static_cast<std::byte>('0' + seed / 32 % 4);
  const auto from = std::as_bytes(input.subspan(kPrefixBytes));
  Bytes body(from.begin(), from.end());
  if (seed % 2 == 0) {
    SetField(body, seed / 2);
  } else {
    body.resize(size_max - kPrefixBytes);
    const size_t fixed_size = FixedSizeOf(letter);
    const size_t body_max = fixed_size != 0 ? std::min(fixed_size, body.size()) : body.size();
    body.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(body.data()),
                                 std::min(from.size(), body_max), body_max));
  }
  if (seed % 16 != 3) Repair(letter, body);
  prefix.insert(prefix.end(), body.begin(), body.end());
  return prefix.size() <= size_max ? prefix : Bytes{};
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return engram::format::Try({data, size}) ? 0 : -1;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  if (max_size < 64) return LLVMFuzzerMutate(data, size, max_size);
  const engram::format::Bytes mutated =
      engram::format::Mutated(std::span<const uint8_t>(data, size), max_size, seed);
  if (mutated.empty()) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, mutated.data(), mutated.size());
  return mutated.size();
}
