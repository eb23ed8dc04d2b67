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
inline void FreeBlock(void* block, size_t bytes) { ::operator delete(block, SizeClass(bytes)); }

/// memcpy that allows an empty view without an address.
inline void CopyBytes(void* to, std::string_view from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace tideway::backend
