// Tokens: what is encoded is decoded, nothing else is, and typical ones are short.

#include "model/explore/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace engram::world {
namespace {

using ::testing::HasSubstr;

rc::Gen<Operation> AnyOperation() {
  return rc::gen::build<Operation>(rc::gen::set(&Operation::id), rc::gen::set(&Operation::client),
                                   rc::gen::set(&Operation::kind), rc::gen::set(&Operation::key),
                                   rc::gen::set(&Operation::value));
}

rc::Gen<Deviation> AnyDeviation() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::arbitrary<uint8_t>(), rc::gen::inRange(0, kChoiceKinds),
                     rc::gen::arbitrary<uint16_t>(), rc::gen::arbitrary<uint32_t>(),
                     rc::gen::arbitrary<uint32_t>()),
      [](const std::tuple<uint8_t, int, uint16_t, uint32_t, uint32_t>& t) {
        return Deviation{{std::get<0>(t), static_cast<ChoiceKind>(std::get<1>(t)), std::get<2>(t),
                          std::get<3>(t)},
                         std::get<4>(t)};
      });
}

rc::Gen<std::string> AnyName() {
  return rc::gen::container<std::string>(
      rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char c) { return c != ':'; }));
}

RC_GTEST_PROP(Token, DecodingUndoesEncoding, ()) {
  const auto name = *AnyName();
  const auto operations = *rc::gen::container<std::vector<Operation>>(AnyOperation());
  const auto deviations = *rc::gen::container<std::vector<Deviation>>(AnyDeviation());
  const auto decoded = DecodeToken(EncodeToken(name, operations, deviations));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(decoded->program == name);
  RC_ASSERT(decoded->operations == operations);
  RC_ASSERT(decoded->deviations == deviations);
}

// Changes one character, cuts or extends; whatever is still accepted is written in the only way
// there is.
RC_GTEST_PROP(Token, WhatDecodesHasNoOtherText, ()) {
  const auto operations = *rc::gen::container<std::vector<Operation>>(AnyOperation());
  const auto deviations = *rc::gen::container<std::vector<Deviation>>(AnyDeviation());
  std::string text = EncodeToken("p", operations, deviations);
  const auto place = *rc::gen::inRange<size_t>(0, text.size() + 1);
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      text.resize(place);
      break;
    case 1:
      text.insert(place, 1, *rc::gen::elementOf(std::string("A_z0:=\n")));
      break;
    default:
      if (place < text.size()) text[place] = *rc::gen::arbitrary<char>();
  }
  const auto decoded = DecodeToken(text);
  if (decoded.ok()) {
    RC_ASSERT(EncodeToken(decoded->program, decoded->operations, decoded->deviations) == text);
  }
}

// A text over any bytes, with the checksum that belongs to them.
std::string WithChecksum(const std::string& program, std::vector<uint8_t> bytes) {
  uint32_t crc = 0xFFFF;
  const auto mix = [&crc](uint8_t byte) {
    for (uint32_t bit = 0x80; bit != 0; bit >>= 1) {
      const bool carry = ((crc & 0x8000) != 0) != ((byte & bit) != 0);
      crc = ((crc << 1) & 0xFFFF) ^ (carry ? 0x1021u : 0u);
    }
  };
  for (const char c : program) mix(static_cast<uint8_t>(c));
  for (const uint8_t byte : bytes) mix(byte);
  bytes.push_back(static_cast<uint8_t>(crc >> 8));
  bytes.push_back(static_cast<uint8_t>(crc & 0xFF));
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text = program + ":";
  for (size_t bit = 0; bit < 8 * bytes.size(); bit += 6) {
    uint32_t digit = 0;
    for (size_t i = bit; i < bit + 6; ++i) {
      digit = 2 * digit + (i / 8 < bytes.size() ? (bytes[i / 8] >> (7 - i % 8)) & 1u : 0u);
    }
    text += alphabet[digit];
  }
  return text;
}

// Small nibbles, so that many of these are well-formed up to the last detail.
RC_GTEST_PROP(Token, BytesWithARightChecksumAreDecodedOrRefused, ()) {
  const auto nibble = rc::gen::weightedOneOf<uint8_t>(
      {{6, rc::gen::inRange<uint8_t>(0, 2)}, {1, rc::gen::inRange<uint8_t>(0, 16)}});
  std::vector<uint8_t> bytes = {1};
  const auto size = *rc::gen::inRange(0, 16);
  for (int i = 0; i < size; ++i) {
    const uint8_t low = *nibble;
    bytes.push_back(static_cast<uint8_t>(low | (*nibble << 4)));
  }
  const std::string text = WithChecksum("program", bytes);
  const auto decoded = DecodeToken(text);
  RC_CLASSIFY(decoded.ok());
  if (decoded.ok()) {
    RC_ASSERT(EncodeToken(decoded->program, decoded->operations, decoded->deviations) == text);
  }
}

RC_GTEST_PROP(Token, AnyTextIsDecodedOrRefused, (const std::string& text)) {
  const auto decoded = DecodeToken(text);
  if (decoded.ok()) {
    RC_ASSERT(EncodeToken(decoded->program, decoded->operations, decoded->deviations) == text);
  }
}

TEST(Token, TypicalOnesAreShort) {
  std::vector<Operation> operations;
  for (uint16_t i = 0; i < 5; ++i) {
    operations.push_back({static_cast<uint16_t>(3 * i + 2), static_cast<uint8_t>(i % 3),
                          static_cast<uint8_t>(i % 6), static_cast<uint16_t>(5 * i),
                          100u + 9u * i});
  }
  std::vector<Deviation> deviations;
  for (uint16_t i = 0; i < 6; ++i) {
    deviations.push_back(
        {{static_cast<uint8_t>(i % 4), i == 4 ? ChoiceKind::kCrash : ChoiceKind::kSchedule,
          static_cast<uint16_t>(3 * (i % 5) + 2), 7u + 6u * i},
         1 + i % 2u});
  }
  const std::string token = EncodeToken("content_store.offsets_first", operations, deviations);
  EXPECT_LT(token.size(), 100u) << token;
}

TEST(Token, RefusalsSayWhatIsWrong) {
  const std::string good = EncodeToken("p", std::vector<Operation>{{1, 0, 0, 0, 7}}, {});
  EXPECT_THAT(DecodeToken("").status().ToString(), HasSubstr("no ':'"));
  EXPECT_THAT(DecodeToken("p:").status().ToString(), HasSubstr("too short"));
  EXPECT_THAT(DecodeToken("q" + good.substr(1)).status().ToString(), HasSubstr("checksum"));
  EXPECT_THAT(DecodeToken(good + "=").status().ToString(), HasSubstr("base64url"));
  EXPECT_THAT(DecodeToken(good + "A").status().ToString(), HasSubstr("token: "));
}

TEST(Token, NumbersWrittenTooLongAreRefused) {
  EXPECT_TRUE(DecodeToken(WithChecksum("p", {1, 0x00})).ok());
  EXPECT_FALSE(
      DecodeToken(WithChecksum("p", {1, 0x08, 0x00})).ok());  // no operations, as two nibbles
}

TEST(Token, TheTextIsFixed) {
  // Tokens are pasted into reports: a change of this text is a new version.
  EXPECT_EQ(EncodeToken("p", std::vector<Operation>{{1, 2, 3, 4, 5}},
                        std::vector<Deviation>{{{1, ChoiceKind::kCrash, 1, 20}, 2}}),
            "p:AQEyVBEkLAEQXA");
}

}  // namespace
}  // namespace engram::world
