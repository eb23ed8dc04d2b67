#include "resp/protocol/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace tideway::resp {
namespace {

using namespace std::string_literals;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(ParseInt64, TakesTheOneFormThatIsPrinted) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("7"), 7);
  EXPECT_EQ(ParseInt64("-10"), -10);
  EXPECT_EQ(ParseInt64("9223372036854775807"), kMax);
  EXPECT_EQ(ParseInt64("-9223372036854775808"), kMin);
}

TEST(ParseInt64, RefusesEveryOtherForm) {
  for (const std::string& text : {""s,
                                  "-"s,
                                  "+1"s,
                                  " 1"s,
                                  "1 "s,
                                  "01"s,
                                  "-01"s,
                                  "-0"s,
                                  "00"s,
                                  "1x"s,
                                  "x"s,
                                  "0x1"s,
                                  "1.0"s,
                                  "1\0"s,
                                  "1e1"s,
                                  "--1"s,
                                  "9223372036854775808"s,
                                  "-9223372036854775809"s,
                                  "100000000000000000000"s,
                                  "99999999999999999999999999999"s}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

TEST(ParseUint64, GoesToTheTop) {
  EXPECT_EQ(ParseUint64("0"), 0U);
  EXPECT_EQ(ParseUint64("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  for (const char* text : {"", "-1", "-0", "+1", "01", " 1", "18446744073709551616", "1x"}) {
    EXPECT_EQ(ParseUint64(text), std::nullopt) << text;
  }
}

TEST(ParseCursor, IsAsLaxAsStrtoul) {
  EXPECT_EQ(ParseCursor("0"), 0U);
  EXPECT_EQ(ParseCursor(""), 0U);
  EXPECT_EQ(ParseCursor("+7"), 7U);
  EXPECT_EQ(ParseCursor("007"), 7U);
  EXPECT_EQ(ParseCursor("-1"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ParseCursor("5\0x"s), 5U);
  EXPECT_EQ(ParseCursor("\0x"s), 0U);
  EXPECT_EQ(ParseCursor("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  for (const char* text : {" 1", "\v1", "1 ", "x", "1x", "+", "-", "+-1", "--1", "- 1",
                           "18446744073709551616", "-18446744073709551616", "0x10"}) {
    EXPECT_EQ(ParseCursor(text), std::nullopt) << text;
  }
}

TEST(ParseDouble, TakesWhatStrtodTakesWhole) {
  EXPECT_EQ(ParseDouble("3.5"), 3.5);
  EXPECT_EQ(ParseDouble("+3.5e2"), 350.0);
  EXPECT_EQ(ParseDouble("-.5"), -0.5);
  EXPECT_EQ(ParseDouble("0x10"), 16.0);
  EXPECT_EQ(ParseDouble("inf"), INFINITY);
  EXPECT_EQ(ParseDouble("-Infinity"), -INFINITY);
  EXPECT_EQ(ParseDouble("5e-324"), 5e-324);
  EXPECT_EQ(ParseDouble("1" + std::string(300, '0')), 1e300);
  for (const std::string& text : {""s, " 1"s, "1 "s, "\t1"s, "nan"s, "-nan"s, "1e999"s, "-1e999"s,
                                  "1e-999"s, "1x"s, "x"s, "1\0"s, "1,5"s, "--1"s, "."s, "0x"s}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
}

TEST(ParseLongDouble, IsWiderAndBound) {
  EXPECT_EQ(ParseLongDouble("3.0e3"), 3000.0L);
  EXPECT_EQ(ParseLongDouble("1e999"), 1e999L);
  EXPECT_EQ(ParseLongDouble("1e5000"), std::nullopt);
  EXPECT_EQ(ParseLongDouble("nan"), std::nullopt);
  EXPECT_EQ(ParseLongDouble(" 1"), std::nullopt);
  EXPECT_EQ(ParseLongDouble("0." + std::string(5'117, '0')), 0.0L);
  EXPECT_EQ(ParseLongDouble("0." + std::string(5'118, '0')), std::nullopt);
}

TEST(ParseMemorySize, KnowsUnits) {
  EXPECT_EQ(ParseMemorySize("0"), 0U);
  EXPECT_EQ(ParseMemorySize("100"), 100U);
  EXPECT_EQ(ParseMemorySize("1B"), 1U);
  EXPECT_EQ(ParseMemorySize("1k"), 1'000U);
  EXPECT_EQ(ParseMemorySize("1kB"), 1'024U);
  EXPECT_EQ(ParseMemorySize("2m"), 2'000'000U);
  EXPECT_EQ(ParseMemorySize("64mb"), 64U << 20U);
  EXPECT_EQ(ParseMemorySize("3G"), 3'000'000'000U);
  EXPECT_EQ(ParseMemorySize("1Gb"), 1U << 30U);
  // More than fits is out of range, not unreadable.
  EXPECT_EQ(ParseMemorySize("18446744073709551616"), UINT64_MAX);
  EXPECT_EQ(ParseMemorySize("18014398509481984kb"), UINT64_MAX);
  for (const char* text : {"", "-1", "mb", "1tb", "1 mb", " 1", "1.5gb", "1mbb"}) {
    EXPECT_EQ(ParseMemorySize(text), std::nullopt) << text;
  }
}

std::string Text(double value) {
  char text[kDoubleTextMax];
  return {text, FormatDouble(value, text)};
}

TEST(FormatDouble, HasSeventeenDigits) {
  EXPECT_EQ(Text(0), "0");
  EXPECT_EQ(Text(-0.0), "-0");
  EXPECT_EQ(Text(3), "3");
  EXPECT_EQ(Text(0.1), "0.10000000000000001");
  EXPECT_EQ(Text(1e21), "1e+21");
  EXPECT_EQ(Text(-1.7976931348623157e308), "-1.7976931348623157e+308");
  EXPECT_EQ(Text(-4.9406564584124654e-324), "-4.9406564584124654e-324");
  EXPECT_EQ(Text(INFINITY), "inf");
  EXPECT_EQ(Text(-INFINITY), "-inf");
  EXPECT_EQ(Text(NAN), "nan");
}

TEST(FormatLongDoubleHuman, ReadsAsTyped) {
  EXPECT_EQ(FormatLongDoubleHuman(0), "0");
  EXPECT_EQ(FormatLongDoubleHuman(-0.0L), "0");
  EXPECT_EQ(FormatLongDoubleHuman(-1e-30L), "0");
  EXPECT_EQ(FormatLongDoubleHuman(10.5L + 0.1L), "10.6");
  EXPECT_EQ(FormatLongDoubleHuman(5000), "5000");
  EXPECT_EQ(FormatLongDoubleHuman(-12.250L), "-12.25");
  EXPECT_EQ(FormatLongDoubleHuman(1.0L / 3), "0.33333333333333333");
  EXPECT_EQ(FormatLongDoubleHuman(INFINITY), "inf");
  EXPECT_EQ(FormatLongDoubleHuman(-INFINITY), "-inf");
  EXPECT_EQ(FormatLongDoubleHuman(std::numeric_limits<long double>::max()).size(), 4'933U);
}

TEST(FormatInt64, RoundTrips) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const auto value = static_cast<int64_t>(random() >> (random() % 64)) * (i % 2 == 0 ? 1 : -1);
    char text[kInt64TextMax];
    const std::string formatted(text, FormatInt64(value, text));
    EXPECT_EQ(formatted, std::to_string(value));
    EXPECT_EQ(ParseInt64(formatted), value);
    const auto bits = static_cast<uint64_t>(value);
    EXPECT_EQ(std::string(text, FormatUint64(bits, text)), std::to_string(bits));
  }
}

TEST(Checked, TellsOverflow) {
  EXPECT_EQ(CheckedAdd(kMax - 1, 1), kMax);
  EXPECT_EQ(CheckedAdd(kMax, 1), std::nullopt);
  EXPECT_EQ(CheckedAdd(kMin, -1), std::nullopt);
  EXPECT_EQ(CheckedSub(kMin + 1, 1), kMin);
  EXPECT_EQ(CheckedSub(0, kMin), std::nullopt);
  EXPECT_EQ(CheckedMul(kMax / 1000, 1000), kMax / 1000 * 1000);
  EXPECT_EQ(CheckedMul(kMax / 1000 + 1, 1000), std::nullopt);
}

}  // namespace
}  // namespace tideway::resp
