#include "resp/protocol/numbers.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tideway::resp {
namespace {

constexpr size_t kLongDoubleBytesMax = 5 * 1024 - 1;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What strtod or strtold makes of `text`, by Redis's rules; Number is double or long double.
template <class Number>
std::optional<Number> ParseFloat(std::string_view text, Number (*convert)(const char*, char**)) {
  if (text.empty() || IsSpace(text.front())) return std::nullopt;
  // They need a NUL at the end; nearly all numbers fit the stack.
  std::array<char, 128> small;
  std::string large;
  const char* begin = small.data();
  if (text.size() < small.size()) {
    std::memcpy(small.data(), text.data(), text.size());
    small[text.size()] = '\0';
  } else {
    large = text;
    begin = large.c_str();
  }
  char* end = nullptr;
  errno = 0;
  const Number value = convert(begin, &end);
  if (static_cast<size_t>(end - begin) != text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

template <class Integer>
std::optional<Integer> ParseStrict(std::string_view text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  // from_chars also takes leading zeros and "-0".
  const bool negative = text.front() == '-';
  if (text[negative ? 1 : 0] == '0' && text.size() > 1) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) { return ParseStrict<int64_t>(text); }

std::optional<uint64_t> ParseUint64(std::string_view text) { return ParseStrict<uint64_t>(text); }

std::optional<uint64_t> ParseCursor(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty()) return 0;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return negative ? uint64_t{0} - value : value;
}

std::optional<double> ParseDouble(std::string_view text) {
  return ParseFloat<double>(text, &std::strtod);
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  if (text.size() > kLongDoubleBytesMax) return std::nullopt;
  return ParseFloat<long double>(text, &std::strtold);
}

std::optional<uint64_t> ParseMemorySize(std::string_view text) {
  struct Unit {
    std::string_view name;
    uint64_t bytes;
  };
  static constexpr std::array<Unit, 8> kUnits = {{{"", 1},
                                                  {"b", 1},
                                                  {"k", 1000},
                                                  {"kb", 1024},
                                                  {"m", 1000 * 1000},
                                                  {"mb", 1024 * 1024},
                                                  {"g", 1000 * 1000 * 1000},
                                                  {"gb", 1024 * 1024 * 1024}}};
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + digits, number);
  if (parsed.ec == std::errc::result_out_of_range) {
    number = UINT64_MAX;  // as strtoull()
  } else if (parsed.ec != std::errc()) {
    return std::nullopt;
  }
  std::string unit(text.substr(digits));
  for (char& c : unit) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  for (const Unit& known : kUnits) {
    uint64_t bytes;
    if (known.name != unit) continue;
    return __builtin_mul_overflow(number, known.bytes, &bytes) ? UINT64_MAX : bytes;
  }
  return std::nullopt;
}

char* FormatInt64(int64_t value, char* out) {
  return std::to_chars(out, out + kInt64TextMax, value).ptr;
}

char* FormatUint64(uint64_t value, char* out) {
  return std::to_chars(out, out + kInt64TextMax, value).ptr;
}

char* FormatDouble(double value, char* out) {
  return out + std::snprintf(out, kDoubleTextMax, "%.17g", value);
}

std::string FormatLongDoubleHuman(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // 17 digits after the point: enough to give back most small decimal numbers as they were typed.
  std::array<char, 5 * 1024> text;
  auto size = static_cast<size_t>(std::snprintf(text.data(), text.size(), "%.17Lf", value));
  if (std::memchr(text.data(), '.', size) != nullptr) {
    while (text[size - 1] == '0') --size;
    if (text[size - 1] == '.') --size;
  }
  const std::string_view digits(text.data(), size);
  return std::string(digits == "-0" ? "0" : digits);
}

}  // namespace tideway::resp
