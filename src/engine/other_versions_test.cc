// Files of other versions of the format: refused, by name, and not a byte of them changes, whatever
// Options allow.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/format_1_fixture.h"
#include "api/memory_store.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "engine/sample_stores_fixture.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

using testing::HasSubstr;
using Image = std::vector<std::byte>;

void ExpectRefused(const Image& image, const std::string& version) {
  for (const bool create : {false, true}) {
    SCOPED_TRACE(absl::StrCat(version, create ? ", might be created" : ""));
    io::RamFileSystem files(kSampleFileBytesMax);
    files.Install(kSamplePath, image);
    Options options = SampleOptions();
    options.create_if_missing = create;
    const absl::Status status =
        MemoryStore::Open(files, std::string(kSamplePath), options).status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("format version ", version, ";")));
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(kSamplePath)));
    EXPECT_TRUE(files.Contents(kSamplePath) == image);
  }
}

// Says in one superblock, which is otherwise intact, that it is of another version.
void Relabel(Image& image, size_t copy, uint32_t version) {
  const auto bytes = std::span(image).subspan(copy * 4096, 4096);
  StoreLittleEndian(bytes.data() + 8, version);
  const uint64_t front = Checksum(bytes.first(120), version);
  StoreLittleEndian(bytes.data() + 120, Checksum(bytes.subspan(128), front));
}

TEST(OtherVersions, AreRefusedByName) {
  for (const SampleStore& sample : SampleStores()) {
    for (const uint32_t version : {0u, 1u, 3u, 0xFFFFFFFFu}) {
      for (const std::vector<size_t>& copies : {std::vector<size_t>{0, 1}, {0}, {1}}) {
        Image image = sample.image;
        for (const size_t copy : copies) Relabel(image, copy, version);
        ExpectRefused(image, absl::StrCat(version));
      }
    }
  }
}

TEST(OtherVersions, FilesOfFormat1AreRefusedByName) {
  for (const V1Slots& slots :
       {V1SamplesOfFirstLayout(), V1SamplesOfSecondLayout(), V1Slots(), V1Slots(1), V1Slots(20)}) {
    ExpectRefused(V1Image(slots), "1");
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
