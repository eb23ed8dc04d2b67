// Numbers in and out of command arguments and replies, by Redis 7.0's rules to the byte.
//
// The text is a view of any bytes, not NUL-terminated. Nothing here depends on the locale as long
// as the program does not call setlocale(LC_NUMERIC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tideway::resp {

/// A signed integer in the one form that Redis prints it: no sign '+', no spaces, no leading
/// zeros, no "-0". nullopt also when out of range.
/// Redis's error: "ERR value is not an integer or out of range".
std::optional<int64_t> ParseInt64(std::string_view text);

/// As ParseInt64, for numbers that may not be negative and for the upper half of uint64_t.
std::optional<uint64_t> ParseUint64(std::string_view text);

/// A SCAN cursor: what strtoul accepts without leading space (so "", "+7", "007" and "-1" too, and
/// whatever follows a NUL). Redis's error: "ERR invalid cursor".
std::optional<uint64_t> ParseCursor(std::string_view text);

/// A double: what strtod accepts (hex and "inf" too) as a whole, without leading space, no NaN, not
/// out of range. Redis's error: "ERR value is not a valid float".
std::optional<double> ParseDouble(std::string_view text);

/// As ParseDouble for INCRBYFLOAT and HINCRBYFLOAT; at most 5,119 bytes.
std::optional<long double> ParseLongDouble(std::string_view text);

/// Bytes with a unit, as settings write them: "100", "1b", "1k" (1,000), "1kb" (1,024), "m", "mb",
/// "g", "gb", in any case of letters; UINT64_MAX for more. nullopt when negative or malformed.
std::optional<uint64_t> ParseMemorySize(std::string_view text);

/// The longest result of FormatInt64 and FormatUint64.
inline constexpr size_t kInt64TextMax = 20;
/// Writes the decimal form to `out` (kInt64TextMax bytes of room); returns its end.
char* FormatInt64(int64_t value, char* out);
char* FormatUint64(uint64_t value, char* out);

/// The longest result of FormatDouble.
inline constexpr size_t kDoubleTextMax = 32;
/// As Redis 7.0 replies doubles: %.17g; "inf", "-inf", "nan" or "-nan". Writes to `out`
/// (kDoubleTextMax bytes of room); returns its end.
char* FormatDouble(double value, char* out);

/// As INCRBYFLOAT stores and replies its result: %.17Lf without trailing zeros, never "-0"; "inf".
std::string FormatLongDoubleHuman(long double value);

/// Sums and differences that tell overflow by nullopt.
inline std::optional<int64_t> CheckedAdd(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}
inline std::optional<int64_t> CheckedSub(int64_t a, int64_t b) {
  int64_t difference;
  if (__builtin_sub_overflow(a, b, &difference)) return std::nullopt;
  return difference;
}
inline std::optional<int64_t> CheckedMul(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace tideway::resp
