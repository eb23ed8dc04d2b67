// Blocks of memory whose size is always an allocator size class.
//
// Everything in the data layer that is one block (entries, fields, packed buffers, segments)
// derives the size of its block from its content: SizeClass(content). A change that stays in the
// class is done in place, one that leaves it moves the block. So no block stores its capacity,
// memory is accounted exactly without asking the allocator, and freeing tells the size, which
// spares the allocator a look-up.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

namespace tideway::backend {

/// The size of the block that holds `bytes` bytes: jemalloc's classes (multiples of 16 up to 128,
/// then four steps to each doubling). Blocks are 16-byte aligned. Precondition: bytes > 0.
constexpr size_t SizeClass(size_t bytes) {
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  const size_t step = size_t{1} << (std::bit_width(bytes - 1) - 3);
  return (bytes + step - 1) & ~(step - 1);
}

/// A block for `bytes` bytes of content. Never null: out of memory ends the process, as in Redis.
inline void* AllocateBlock(size_t bytes) { return ::operator new(SizeClass(bytes)); }

/// Frees a block that was made for `bytes` bytes of content (or another size of that class).
inline void FreeBlock(void* block, [[maybe_unused]] size_t bytes) {
#ifdef __cpp_sized_deallocation
  ::operator delete(block, SizeClass(bytes));
#else
  ::operator delete(block);  // clang, unless asked
#endif
}

/// memcpy for what is mostly short: no call up to 32 bytes, and an empty view needs no address.
inline void CopyBytes(void* to, std::string_view from) {
  char* const target = static_cast<char*>(to);
  const char* const source = from.data();
  const size_t size = from.size();
  // Two copies that overlap cover every size between one and two widths.
  if (size > 32) {
    std::memcpy(target, source, size);
  } else if (size >= 16) {
    std::memcpy(target, source, 16);
    std::memcpy(target + size - 16, source + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(target, source, 8);
    std::memcpy(target + size - 8, source + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(target, source, 4);
    std::memcpy(target + size - 4, source + size - 4, 4);
  } else if (size > 0) {
    target[0] = source[0];
    target[size / 2] = source[size / 2];
    target[size - 1] = source[size - 1];
  }
}

/// a == b for what is mostly 8 to 32 bytes long: no call for those.
inline bool SameBytes(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  if (size < 8 || size > 32) return a == b;
  const auto differ = [&](size_t at) {
    uint64_t left;
    uint64_t right;
    std::memcpy(&left, a.data() + at, sizeof(left));
    std::memcpy(&right, b.data() + at, sizeof(right));
    return left ^ right;
  };
  const uint64_t ends = differ(0) | differ(size - 8);
  if (size <= 16) return ends == 0;
  return (ends | differ(8) | differ(size - 16)) == 0;
}

}  // namespace tideway::backend
