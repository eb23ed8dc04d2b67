// One segment of a SegmentTable: a short open-addressing array of tagged pointers in hash order.
//
// A slot is 8 bytes: the low 44 bits hold a 16-byte aligned pointer without its low 4 bits, the
// high 20 bits hold the tag: bits of the item's hash. The home of an item is computed from its tag
// alone (order-preserving: home = tag * slots / 2^bits), so nothing is dereferenced to probe,
// insert, remove, grow, or (most times) split. Collisions probe linearly and items stay ordered by
// home
// ("Robin Hood"), which keeps failed look-ups short and lets a scan walk in hash order.
//
// Sizes are multiples of allocator classes with one word for the count: 3, 7, 15 … 511 slots. Steps
// of less than doubling near the top keep the table between 0.66 and 0.81 full.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "backend/data/memory.h"

namespace tideway::backend {

inline constexpr int kTagBits = 20;
inline constexpr int kPointerBits = 64 - kTagBits;

/// The tag of an item whose hash is `position` in a segment whose tags start at hash bit `base`.
constexpr uint64_t TagOf(uint64_t position, int base) { return (position << base) >> kPointerBits; }

constexpr uint64_t SlotTag(uint64_t slot) { return slot >> kPointerBits; }
inline void* SlotItem(uint64_t slot) {
  return reinterpret_cast<void*>((slot & ((uint64_t{1} << kPointerBits) - 1)) << 4);
}
inline uint64_t MakeSlot(uint64_t tag, const void* item) {
  return tag << kPointerBits | reinterpret_cast<uintptr_t>(item) >> 4;
}

/// Handle of a segment: where it lies and how its slots are to be read, in one word, so that a
/// look-up needs the directory entry and the slot and nothing else. Null handles are empty tables.
class Segment {
 public:
  /// Slots by size index 1 … kLargest; above kLargest only when the hash cannot tell items apart.
  static constexpr std::array<uint16_t, 16> kSlots = {0,   3,   7,   15,  31,  63,  95,   127,
                                                      191, 255, 319, 383, 447, 511, 1023, 4095};
  static constexpr int kLargest = 13;

  Segment() = default;
  /// Allocates an empty segment.
  static Segment Make(int base, int tag_bits, int size_index);
  void Free();

  explicit operator bool() const { return word_ != 0; }
  bool operator==(const Segment&) const = default;

  /// First hash bit in the tags.
  int base() const { return static_cast<int>(word_ >> 44 & 63); }
  /// How many low bits of the tags differ between items; those above are the segment's prefix.
  int tag_bits() const { return static_cast<int>(word_ >> 50 & 31); }
  int size_index() const { return static_cast<int>(word_ >> 55 & 15); }
  /// How many leading hash bits all items share.
  int depth() const { return base() + kTagBits - tag_bits(); }
  uint32_t slot_count() const { return kSlots[static_cast<size_t>(size_index())]; }
  uint64_t* slots() const { return block() + 1; }
  uint64_t count() const { return *block(); }
  /// Items that it takes before it must grow or split.
  uint32_t limit() const { return slot_count() - (slot_count() + 4) * 3 / 16; }
  size_t bytes() const { return SizeClass(BlockSize()); }

  uint32_t Home(uint64_t tag) const {
    const uint64_t bits = tag & ((uint64_t{1} << tag_bits()) - 1);
    return static_cast<uint32_t>(bits * slot_count() >> tag_bits());
  }
  /// How far the slot at `at` lies behind its home, around the end.
  uint32_t Displacement(uint64_t slot, uint32_t at) const {
    const uint32_t home = Home(SlotTag(slot));
    return at >= home ? at - home : at + slot_count() - home;
  }

  // Each of these keeps the order. Preconditions: room for Insert, presence for Remove/Replace.
  void Insert(uint64_t slot);
  void Remove(uint64_t slot);
  void Replace(uint64_t from, uint64_t to);

  /// Moves everything into a segment of another size, frees this one and becomes the new one.
  void Resize(int size_index);
  /// The smallest size that holds `count` items with room to spare.
  static int SizeFor(uint64_t count);

 private:
  uint64_t* block() const {
    return reinterpret_cast<uint64_t*>((word_ & ((uint64_t{1} << kPointerBits) - 1)) << 4);
  }
  size_t BlockSize() const { return (size_t{slot_count()} + 1) * sizeof(uint64_t); }

  uint64_t word_ = 0;
};

}  // namespace tideway::backend
