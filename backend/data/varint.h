// Unsigned LEB128: seven bits a byte, the lowest first, the top bit says that more follow.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tideway::backend {

inline constexpr size_t kVarintMax = 10;

constexpr size_t VarintSize(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

/// Writes `value`, returns the place behind it. Needs VarintSize(value) bytes.
inline char* PutVarint(char* to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

/// Reads a varint that PutVarint wrote and advances `at`. For bytes that this process made.
inline uint64_t TakeVarint(const char*& at) {
  uint64_t value = static_cast<uint8_t>(*at++);
  if (value < 0x80) return value;
  value &= 0x7f;
  for (int shift = 7;; shift += 7) {
    const uint64_t byte = static_cast<uint8_t>(*at++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/// The same for bytes of any origin: false when they end early or mean more than 64 bits.
inline bool TakeVarintChecked(const char*& at, const char* end, uint64_t& value) {
  value = 0;
  for (int shift = 0; at != end && shift < 64; shift += 7) {
    const uint64_t byte = static_cast<uint8_t>(*at++);
    if (shift == 63 && byte > 1) return false;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace tideway::backend
