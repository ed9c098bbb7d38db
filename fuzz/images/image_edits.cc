// Aiming edits at fields, mostly.

#include "fuzz/images/image_edits.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/coding.h"

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

constexpr uint8_t kFirstStore = '0';

// ---- Reading and writing.

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : rest_(std::as_bytes(bytes)) {}

  bool is_at_end() const { return rest_.empty(); }
  template <typename T>
  bool Take(T& value) {
    if (rest_.size() < sizeof(T)) return false;
    value = LoadLittleEndian<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return true;
  }
  bool TakeEdit(Edit& edit) {
    uint8_t count = 1;
    if (!Take(edit.letter) || !Take(edit.offset)) return false;
    switch (edit.letter) {
      case 'T':
        return true;
      case 'S':
        if (!Take(count)) return false;
        [[fallthrough]];
      case 'X':
        edit.set.resize(count);
        return std::ranges::all_of(edit.set, [this](uint8_t& byte) { return Take(byte); });
      case 'C':
        return Take(edit.from) && Take(edit.bytes);
      case 'Z':
        return Take(edit.bytes);
      default:
        return false;
    }
  }

 private:
  std::span<const std::byte> rest_;
};

template <typename T>
void Put(std::vector<uint8_t>& bytes, T value) {
  std::array<std::byte, sizeof(T)> encoded;
  StoreLittleEndian(encoded.data(), value);
  for (const std::byte byte : encoded) bytes.push_back(std::to_integer<uint8_t>(byte));
}

// ---- Mutations.

class Mutator {
 public:
  Mutator(Input& input, std::span<const ImageMap> maps, Aim aim, uint64_t seed)
      : input_(input), maps_(maps), aim_(aim), state_(seed) {}

  void Run() {
    const uint64_t changes = 1 + Below(3);
    for (uint64_t i = 0; i < changes; ++i) ChangeOnce();
  }

 private:
  // SplitMix64.
  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t end) { return Next() % end; }

  const ImageMap& map() const { return maps_[input_.store]; }

  void ChangeOnce() {
    std::vector<Edit>& edits = input_.edits;
    const uint64_t what = Below(16);
    if (what == 0) {
      input_.forged = !input_.forged;
    } else if (what == 1) {
      input_.store = Below(maps_.size());
    } else if (what <= 4 && !edits.empty()) {
      edits.erase(edits.begin() + static_cast<ptrdiff_t>(Below(edits.size())));
    } else if (what <= 6 && !edits.empty()) {
      ChangeEdit(edits[Below(edits.size())]);
    } else if (edits.size() < Input::kEditsMax) {
      edits.push_back(NewEdit());
    }
  }

  void ChangeEdit(Edit& edit) {
    switch (Below(3)) {
      case 0:
        edit.offset = static_cast<uint32_t>(edit.offset + 8 * Below(9) - 32);
        break;
      case 1:
        if (!edit.set.empty()) edit.set[Below(edit.set.size())] = static_cast<uint8_t>(Next());
        break;
      default:
        edit.bytes = static_cast<uint16_t>(1 + Below(4096));
        edit.from = Anywhere();
        break;
    }
  }

  uint32_t Anywhere() { return static_cast<uint32_t>(Below(map().image().size())); }

  const Structure& SomeStructure() {
    const std::vector<Structure>& all = map().structures();
    // A kind first: there are few superblocks and many embeddings.
    auto kind = static_cast<StructureKind>(Below(kStructureKinds));
    if (aim_ == Aim::kCold && Below(4) != 0) {
      kind = Below(4) == 0 ? StructureKind::kColdDirectory : StructureKind::kColdRows;
    }
    const auto found = std::ranges::equal_range(all, kind, {}, &Structure::kind);
    const std::span<const Structure> of_kind(found.begin(), found.end());
    return of_kind.empty() ? all[Below(all.size())] : of_kind[Below(of_kind.size())];
  }

  // A place of `width` bytes in some structure, mostly one that is in use.
  uint32_t SomeField(size_t width) {
    uint64_t offset = 0;
    for (int tries = 0; tries < 8; ++tries) {
      const Structure& structure = SomeStructure();
      if (structure.bytes < width) continue;
      offset = structure.offset + Below(structure.bytes - width + 1) / width * width;
      const auto field = std::span(map().image()).subspan(offset, width);
      if (std::ranges::any_of(field, [](std::byte byte) { return byte != std::byte{0}; })) break;
    }
    return static_cast<uint32_t>(offset);
  }

  uint64_t ValueFor(uint64_t present) {
    constexpr std::array<uint64_t, 16> kBounds = {0,
                                                  1,
                                                  2,
                                                  7,
                                                  8,
                                                  512,
                                                  513,
                                                  8'192,
                                                  8'704,
                                                  UINT8_MAX,
                                                  UINT16_MAX,
                                                  1U << 31,
                                                  UINT32_MAX,
                                                  uint64_t{1} << 40,
                                                  uint64_t{1} << 63,
                                                  UINT64_MAX};
    switch (Below(4)) {
      case 0:
        return kBounds[Below(kBounds.size())];
      case 1:
        return present + Below(33) - 16;
      case 2:
        return LoadLittleEndian<uint64_t>(map().image().data() + SomeField(sizeof(uint64_t)));
      default:
        return present ^ uint64_t{1} << Below(64);
    }
  }

  Edit NewEdit() {
    Edit edit;
    switch (Below(12)) {
      case 0:
        edit.letter = 'X';
        edit.offset = Anywhere();
        edit.set = {static_cast<uint8_t>(1U << Below(8))};
        break;
      case 1:
        edit.letter = 'Z';
        edit.offset = Anywhere() / 512 * 512;
        edit.bytes = Below(2) == 0 ? 512 : 4096;
        break;
      case 2:
        edit.letter = 'C';
        edit.offset = Anywhere() / 512 * 512;
        edit.from = Anywhere() / 512 * 512;
        edit.bytes = Below(2) == 0 ? 512 : 8192;
        break;
      case 3: {
        edit.letter = 'C';
        const Structure& from = SomeStructure();
        edit.offset = static_cast<uint32_t>(SomeStructure().offset);
        edit.from = static_cast<uint32_t>(from.offset);
        edit.bytes = static_cast<uint16_t>(std::min<uint64_t>(from.bytes, 4096));
        break;
      }
      case 4:
        edit.letter = 'T';
        edit.offset = Below(2) == 0 ? Anywhere() : Anywhere() / 512 * 512;
        break;
      default: {
        const size_t width = size_t{1} << Below(4);
        edit.letter = 'S';
        edit.offset = SomeField(width);
        std::array<std::byte, 8> value = {};
        std::copy_n(map().image().begin() + edit.offset, width, value.begin());
        StoreLittleEndian(value.data(), ValueFor(LoadLittleEndian<uint64_t>(value.data())));
        for (size_t i = 0; i < width; ++i) {
          edit.set.push_back(std::to_integer<uint8_t>(value[i]));
        }
        break;
      }
    }
    return edit;
  }

  Input& input_;
  const std::span<const ImageMap> maps_;
  const Aim aim_;
  uint64_t state_;
};

}  // namespace

std::optional<Input> Decode(std::span<const uint8_t> bytes, size_t stores) {
  Reader reader(bytes);
  uint8_t letter = 0;
  uint8_t store = 0;
  if (!reader.Take(letter) || !reader.Take(store) || (letter != 'r' && letter != 'f') ||
      store < kFirstStore || store >= kFirstStore + stores) {
    return std::nullopt;
  }
  Input input;
  input.forged = letter == 'f';
  input.store = store - kFirstStore;
  while (!reader.is_at_end()) {
    Edit edit;
    if (input.edits.size() == Input::kEditsMax || !reader.TakeEdit(edit)) return std::nullopt;
    input.edits.push_back(std::move(edit));
  }
  return input;
}

std::vector<uint8_t> Encode(const Input& input) {
  std::vector<uint8_t> bytes = {static_cast<uint8_t>(input.forged ? 'f' : 'r'),
                                static_cast<uint8_t>(kFirstStore + input.store)};
  for (const Edit& edit : input.edits) {
    Put(bytes, edit.letter);
    Put(bytes, edit.offset);
    if (edit.letter == 'C') Put(bytes, edit.from);
    if (edit.letter == 'C' || edit.letter == 'Z') Put(bytes, edit.bytes);
    if (edit.letter == 'S') Put(bytes, static_cast<uint8_t>(edit.set.size()));
    bytes.insert(bytes.end(), edit.set.begin(), edit.set.end());
  }
  return bytes;
}

Image Apply(const Input& input, const ImageMap& map) {
  Image image = map.image();
  const auto room = [&image](uint64_t offset, uint64_t bytes) {
    return offset < image.size() ? std::min<uint64_t>(bytes, image.size() - offset) : 0;
  };
  for (const Edit& edit : input.edits) {
    const auto target =
        std::span(image).last(image.size() - std::min<size_t>(edit.offset, image.size()));
    const uint64_t bytes = edit.letter == 'S' || edit.letter == 'X' ? edit.set.size() : edit.bytes;
    const uint64_t fits = room(edit.offset, bytes);
    switch (edit.letter) {
      case 'S':
        std::ranges::copy(std::as_bytes(std::span(edit.set)).first(fits), target.begin());
        break;
      case 'X':
        for (size_t i = 0; i < fits; ++i) target[i] ^= static_cast<std::byte>(edit.set[i]);
        break;
      case 'Z':
        std::ranges::fill(target.first(fits), std::byte{0});
        break;
      case 'C': {
        const uint64_t moved = std::min(fits, room(edit.from, bytes));
        const auto source =
            std::span(image).last(image.size() - std::min<size_t>(edit.from, image.size()));
        const Image copy(source.begin(), source.begin() + static_cast<ptrdiff_t>(moved));
        std::ranges::copy(copy, target.begin());
        break;
      }
      default:
        image.resize(std::min<size_t>(edit.offset, image.size()));
        break;
    }
  }
  if (input.forged) map.Repair(image);
  return image;
}

void Mutate(Input& input, std::span<const ImageMap> maps, Aim aim, uint64_t seed) {
  Mutator(input, maps, aim, seed).Run();
}

}  // namespace engram::inline ENGRAM_BODY::fuzz
