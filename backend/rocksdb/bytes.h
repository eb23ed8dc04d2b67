// Fixed-width numbers in stored bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace tideway::backend {

static_assert(std::endian::native == std::endian::little,
              "numbers are stored little-endian by copying them");

template <class T>
void StoreNumber(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

template <class T>
T LoadNumber(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Big-endian, so that stored keys sort as their numbers.
inline void StoreSortable(char* to, uint64_t value) { StoreNumber(to, __builtin_bswap64(value)); }
inline uint64_t LoadSortable(const char* from) {
  return __builtin_bswap64(LoadNumber<uint64_t>(from));
}

}  // namespace tideway::backend
