// Writing by hand, because a JSON library writes doubles; reading by the library's events, because
// only they show a number as it stands in the line.

#include "cli/memory_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

void AppendFloat(float value, std::string& line) {
  if (value == 0 && std::signbit(value)) {
    line += "-0.0";  // as "-0" it is a whole number to many, which have no such zero
    return;
  }
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  line.append(text.data(), error == std::errc() ? end : text.data());
}

void AppendString(const std::string& text, std::string& line) {
  line += nlohmann::json(text).dump();
}

enum class Field : uint8_t {
  kId,
  kEmbedding,
  kConfidence,
  kActivation,
  kDecayRate,
  kCreatedAt,
  kLastAccess,
  kAccessCount,
  kContent,
};
constexpr std::array<std::string_view, 9> kFieldNames = {
    "id",         "embedding",   "confidence",   "activation", "decay_rate",
    "created_at", "last_access", "access_count", "content"};

std::optional<Field> FieldOf(std::string_view name) {
  for (size_t i = 0; i < kFieldNames.size(); ++i) {
    if (kFieldNames[i] == name) return static_cast<Field>(i);
  }
  return std::nullopt;
}

// What a line says, event by event. An event that returns false ends the parsing; `wrong` says why.
class MemoryReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  // The memory, once all has been parsed; or what was wrong.
  absl::StatusOr<Memory> Result() && {
    if (wrong_.empty() && !IsSeen(Field::kId)) wrong_ = "there is no id";
    if (wrong_.empty() && !IsSeen(Field::kEmbedding)) wrong_ = "there is no embedding";
    if (!wrong_.empty()) return absl::InvalidArgumentError(wrong_);
    return std::move(memory_);
  }

  bool null() override {
    if (field_ == Field::kContent && !in_array_) return true;
    return Mismatch("null");
  }
  bool boolean(bool /*value*/) override { return Mismatch("a truth value"); }
  bool number_integer(number_integer_t value) override {
    // A whole number with a sign. Only as a float it tells -0 from 0.
    if (value == 0) return Number(-0.0F, 0, 0);
    return Number(static_cast<float>(value), value, std::nullopt);
  }
  bool number_unsigned(number_unsigned_t value) override {
    std::optional<int64_t> as_signed;
    if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      as_signed = static_cast<int64_t>(value);
    }
    return Number(static_cast<float>(value), as_signed, value);
  }
  bool number_float(number_float_t /*rounded*/, const string_t& text) override {
    float value = 0;
    if (!absl::SimpleAtof(text, &value)) return Mismatch(absl::StrCat("the number ", text));
    return Number(value, std::nullopt, std::nullopt);
  }
  bool string(string_t& value) override {
    if (field_ == Field::kId && !in_array_) {
      memory_.id = std::move(value);
      return true;
    }
    if (field_ == Field::kContent && !in_array_) {
      memory_.content = std::move(value);
      return true;
    }
    return Mismatch("a text");
  }
  bool binary(binary_t& /*value*/) override { return Mismatch("bytes"); }
  bool start_object(size_t /*elements*/) override {
    if (in_object_) return Mismatch("an object");
    in_object_ = true;
    return true;
  }
  bool key(string_t& name) override {
    field_ = FieldOf(name);
    if (!field_) return Refuse(absl::StrCat("unknown field \"", name, "\""));
    if (IsSeen(*field_)) return Refuse(absl::StrCat("field \"", name, "\" is there twice"));
    seen_ |= 1U << static_cast<unsigned>(*field_);
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(size_t /*elements*/) override {
    if (field_ != Field::kEmbedding || in_array_) return Mismatch("a list");
    in_array_ = true;
    memory_.embedding.reserve(kEmbeddingDimension);
    return true;
  }
  bool end_array() override {
    in_array_ = false;
    return true;
  }
  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    std::string_view what = error.what();
    // Behind "[json.exception.parse_error.101] parse error at line 1, column 5: ".
    if (const size_t colon = what.find(": "); colon != std::string_view::npos) {
      what.remove_prefix(colon + 2);
    }
    return Refuse(absl::StrCat("not JSON at character ", position, ": ", std::string(what)));
  }

 private:
  bool IsSeen(Field field) const { return (seen_ >> static_cast<unsigned>(field) & 1) != 0; }
  bool Refuse(std::string why) {
    wrong_ = std::move(why);
    return false;
  }
  bool Mismatch(std::string_view found) {
    if (!in_object_) return Refuse(absl::StrCat("an object is expected, not ", std::string(found)));
    return Refuse(absl::StrCat("field \"", std::string(kFieldNames[static_cast<size_t>(*field_)]),
                               "\" cannot be ", std::string(found)));
  }

  // A number in its three readings, of which those are absent that it does not fit into.
  bool Number(float as_float, std::optional<int64_t> as_signed,
              std::optional<uint64_t> as_unsigned) {
    if (!in_object_) return Mismatch("a number");
    switch (*field_) {
      case Field::kEmbedding:
        if (!in_array_) return Mismatch("a number");
        memory_.embedding.push_back(as_float);
        break;
      case Field::kConfidence:
        memory_.confidence = as_float;
        break;
      case Field::kActivation:
        memory_.activation = as_float;
        break;
      case Field::kDecayRate:
        memory_.decay_rate = as_float;
        break;
      case Field::kCreatedAt:
      case Field::kLastAccess:
        if (!as_signed) return Mismatch("a number that is no whole one of 64 bits");
        (*field_ == Field::kCreatedAt ? memory_.created_at : memory_.last_access) = *as_signed;
        break;
      case Field::kAccessCount:
        if (!as_unsigned) return Mismatch("a number that is no whole one from 0 to 2^64-1");
        memory_.access_count = *as_unsigned;
        break;
      case Field::kId:
      case Field::kContent:
        return Mismatch("a number");
    }
    return true;
  }

  Memory memory_;
  std::optional<Field> field_;
  unsigned seen_ = 0;
  bool in_object_ = false;
  bool in_array_ = false;
  std::string wrong_;
};

}  // namespace

void AppendJson(const Memory& memory, std::string& line) {
  line += "{\"id\":";
  AppendString(memory.id, line);
  line += ",\"embedding\":[";
  for (size_t i = 0; i < memory.embedding.size(); ++i) {
    if (i > 0) line += ',';
    AppendFloat(memory.embedding[i], line);
  }
  line += "],\"confidence\":";
  AppendFloat(memory.confidence, line);
  line += ",\"activation\":";
  AppendFloat(memory.activation, line);
  line += ",\"decay_rate\":";
  AppendFloat(memory.decay_rate, line);
  absl::StrAppend(&line, ",\"created_at\":", memory.created_at,
                  ",\"last_access\":", memory.last_access,
                  ",\"access_count\":", memory.access_count);
  if (memory.content) {
    line += ",\"content\":";
    AppendString(*memory.content, line);
  }
  line += '}';
}

absl::StatusOr<Memory> ParseMemory(std::string_view line) {
  MemoryReader reader;
  nlohmann::json::sax_parse(line, &reader);
  return std::move(reader).Result();
}

}  // namespace engram::inline ENGRAM_BODY::cli
