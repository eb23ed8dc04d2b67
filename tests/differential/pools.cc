#include "tests/differential/pools.h"

#include <array>
#include <cctype>

namespace tideway::tests {
namespace {

using std::string_view;
using namespace std::literals;

constexpr std::array kOddKeys = {
    ""sv,
    "k\0\xff\r\nbinary"sv,
    "{tag}a"sv,
    "{tag}b"sv,
    "key with space"sv,
    "h[a-c]?*"sv,
    "0123456789012345678901234567890123456789012345678901234567890123456789-a-long-key"sv};

constexpr std::array kFields = {"f1"sv, "f2"sv, "f3"sv, "f4"sv, "f5"sv,    "f6"sv,
                                "1"sv,  "2"sv,  "-3"sv, ""sv,   "f\0\n"sv, "field with space"sv};

constexpr std::array kMembers = {"a"sv,
                                 "b"sv,
                                 "c"sv,
                                 "d"sv,
                                 ""sv,
                                 "\0\xfe"sv,
                                 "1.5"sv,
                                 "01"sv,
                                 "9223372036854775807"sv,
                                 "-9223372036854775808"sv,
                                 "9223372036854775808"sv,
                                 "32768"sv,
                                 "2147483648"sv};

constexpr std::array kValues = {""sv,
                                "hello"sv,
                                "world\r\n\0x"sv,
                                "\xff\xfe\xfd"sv,
                                "3.0"sv,
                                "-0.25"sv,
                                "1e3"sv,
                                "nan"sv,
                                "inf"sv,
                                " 1"sv,
                                "1 "sv,
                                "007"sv,
                                "-0"sv,
                                "+5"sv,
                                "0x10"sv,
                                "1.7976931348623157e308"sv,
                                "9223372036854775807"sv,
                                "-9223372036854775808"sv,
                                "9223372036854775806"sv,
                                "9223372036854775808"sv,
                                "10000000000"sv,
                                "a string of some length, but short enough"sv};

constexpr std::array kIntegers = {"9223372036854775807"sv,
                                  "-9223372036854775808"sv,
                                  "9223372036854775808"sv,
                                  "-9223372036854775807"sv,
                                  "abc"sv,
                                  ""sv,
                                  "1.5"sv,
                                  " 1"sv,
                                  "01"sv,
                                  "+1"sv,
                                  "1e2"sv,
                                  "-"sv};

constexpr std::array kFloats = {"1.5"sv,
                                "-1.5"sv,
                                "0.1"sv,
                                "0"sv,
                                "-0"sv,
                                "3"sv,
                                "1e10"sv,
                                "1e-5"sv,
                                "123456789.123456789"sv,
                                "1e17"sv,
                                "-1e17"sv,
                                "1e300"sv,
                                "1.7976931348623157e308"sv,
                                "1e400"sv,
                                "5e-324"sv,
                                "nan"sv,
                                "inf"sv,
                                "-inf"sv,
                                "0x1p3"sv,
                                "abc"sv,
                                ""sv,
                                " 1"sv,
                                "1 "sv,
                                "1.0.0"sv,
                                "+2"sv,
                                ".5"sv,
                                "5."sv};

constexpr std::array kGlobs = {"*"sv,      "*"sv,     "*"sv,      "s*"sv,      "?1"sv,
                               "h[1-3]"sv, "h[^1]"sv, "[st]*"sv,  "nothing"sv, "\\h1"sv,
                               "*1*"sv,    "**"sv,    ""sv,       "h["sv,      "[z-a]1"sv,
                               "?*?"sv,    "*\0*"sv,  "{tag}*"sv, "f*"sv,      "*[0-9]"sv};

constexpr std::array kChannels = {"news"sv, "news.a"sv, "news.b"sv, "chat"sv, ""sv, "c\0\xff"sv};
constexpr std::array kChannelGlobs = {
    "news*"sv,   "n?ws"sv, "*"sv, "chat"sv, "[cn]*"sv, "__key*__:*"sv, "__keyevent@0__:del"sv,
    "nothing?"sv};

constexpr std::array kGarbage = {"abc"sv,
                                 ""sv,
                                 "1.5"sv,
                                 "-1"sv,
                                 "0"sv,
                                 "9223372036854775807"sv,
                                 "9223372036854775808"sv,
                                 "-9223372036854775808"sv,
                                 " 1"sv,
                                 "1 "sv,
                                 "0x10"sv,
                                 "+1"sv,
                                 "01"sv,
                                 "nan"sv,
                                 "NX"sv,
                                 "XX"sv,
                                 "GET"sv,
                                 "\0"sv,
                                 "*"sv,
                                 "-0"sv,
                                 "18446744073709551616"sv};

constexpr std::array kBadTimes = {"0"sv,
                                  "-1"sv,
                                  "-100000"sv,
                                  "9223372036854775807"sv,
                                  "-9223372036854775808"sv,
                                  "9223372036854775808"sv,
                                  "9223372036854775"sv,
                                  "-9223372036854775"sv,
                                  "9223372036854774"sv,
                                  "abc"sv,
                                  ""sv,
                                  "1.5"sv,
                                  "999999999999999999"sv};

constexpr std::array kFutureSeconds = {"4102444800"sv, "4102444801"sv, "4102444900"sv,
                                       "99999999999"sv};
constexpr std::array kFutureMilliseconds = {"4102444800000"sv, "4102444800001"sv, "4102444900000"sv,
                                            "99999999999999"sv};

}  // namespace

std::string Pools::Key(char type) {
  const std::size_t roll = random_.Below(100);
  if (roll < 82) return type + std::to_string(1 + random_.Below(4));
  return AnyKey();
}

std::string Pools::AnyKey() {
  if (random_.Percent(15)) return random_.Pick(kOddKeys);
  constexpr string_view types = "sht";
  return types[random_.Below(3)] + std::to_string(1 + random_.Below(4));
}

std::string Pools::Field() {
  if (random_.Percent(1)) return std::string(65 + random_.Below(3), 'F');
  if (random_.Percent(2)) return std::string(63 + random_.Below(2), 'F');
  return random_.Pick(kFields);
}

std::string Pools::Member() {
  if (random_.Percent(60)) return std::to_string(random_.Between(-2, 12));
  if (random_.Percent(3)) return std::string(64 + random_.Below(3), 'm');
  return random_.Pick(kMembers);
}

std::string Pools::Value() {
  const std::size_t roll = random_.Below(100);
  if (roll < 35) return std::to_string(random_.Between(-5, 30));
  if (roll < 40) return std::to_string(random_.Between(9990, 10010));
  if (roll < 48) return std::string(43 + random_.Below(4), 'v');  // around embstr's limit
  if (roll < 54) return std::string(63 + random_.Below(4), 'w');  // around listpack's limit
  if (roll < 56) return std::string(200 + random_.Below(400), 'x');
  if (roll == 56 && random_.Percent(10)) return std::string(20'000, 'y');
  return random_.Pick(kValues);
}

std::string Pools::Integer() {
  if (random_.Percent(80)) return std::to_string(random_.Between(-20, 20));
  return random_.Pick(kIntegers);
}

std::string Pools::SmallInteger() {
  if (random_.Percent(88)) return std::to_string(random_.Between(-12, 14));
  return random_.Pick(kIntegers);
}

std::string Pools::PageSize() { return random_.Percent(70) ? "100000" : SmallInteger(); }
std::string Pools::Float() { return random_.Pick(kFloats); }
std::string Pools::Glob() { return random_.Pick(kGlobs); }
std::string Pools::Channel() { return random_.Pick(kChannels); }
std::string Pools::ChannelGlob() { return random_.Pick(kChannelGlobs); }

std::string Pools::Database() {
  if (random_.Percent(90)) return std::to_string(random_.Below(4));
  return random_.Pick(
      {"15", "16", "-1", "abc", "", "0x1", "9223372036854775807", "99999999999999999999"});
}

std::string Pools::Garbage() { return random_.Pick(kGarbage); }

std::string Pools::Seconds() {
  if (random_.Percent(80)) return std::to_string(random_.Between(1000, 100'000'000));
  return random_.Pick(kBadTimes);
}

std::string Pools::Milliseconds() {
  if (random_.Percent(80)) return std::to_string(random_.Between(1'000'000, 100'000'000'000));
  return random_.Pick(kBadTimes);
}

std::string Pools::FutureSeconds() {
  return random_.Percent(90) ? random_.Pick(kFutureSeconds) : random_.Pick({"0", "-1", "abc"});
}

std::string Pools::FutureMilliseconds() {
  return random_.Percent(90) ? random_.Pick(kFutureMilliseconds) : random_.Pick({"0", "-1", "abc"});
}

std::string Pools::UnixSeconds() {
  if (random_.Percent(75)) return FutureSeconds();
  if (random_.Percent(50)) return random_.Pick({"1", "1000", "1000000000"});
  return random_.Pick(kBadTimes);
}

std::string Pools::UnixMilliseconds() {
  if (random_.Percent(75)) return FutureMilliseconds();
  if (random_.Percent(50)) return random_.Pick({"1", "1000", "1000000000000"});
  return random_.Pick(kBadTimes);
}

std::string Pools::Word(string_view word) {
  std::string out(word);
  const std::size_t style = random_.Below(10);
  if (style < 6) return out;
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (style < 8 || random_.Percent(50)) c = static_cast<char>(std::tolower(byte));
  }
  return out;
}

}  // namespace tideway::tests
