#include "backend/data/segment.h"

#include <cassert>
#include <cstring>
#include <utility>

namespace tideway::backend {

Segment Segment::Make(int base, int tag_bits, int size_index) {
  Segment segment;
  segment.word_ = static_cast<uint64_t>(base) << 44 | static_cast<uint64_t>(tag_bits) << 50 |
                  static_cast<uint64_t>(size_index) << 55;
  void* block = AllocateBlock(segment.BlockSize());
  std::memset(block, 0, segment.BlockSize());
  assert(reinterpret_cast<uintptr_t>(block) >> 48 == 0);
  segment.word_ |= reinterpret_cast<uintptr_t>(block) >> 4;
  return segment;
}

void Segment::Free() {
  if (word_ == 0) return;
  FreeBlock(block(), BlockSize());
  word_ = 0;
}

void Segment::Insert(uint64_t slot) {
  const uint32_t n = slot_count();
  uint64_t* const array = slots();
  uint32_t at = Home(SlotTag(slot));
  // Behind every item that is at least as far from its home: equal homes stay in insertion order.
  for (uint32_t distance = 0; array[at] != 0 && Displacement(array[at], at) >= distance; ++distance)
    at = at + 1 == n ? 0 : at + 1;
  for (uint64_t carried = slot; carried != 0; at = at + 1 == n ? 0 : at + 1)
    std::swap(carried, array[at]);
  ++*block();
}

void Segment::Remove(uint64_t slot) {
  const uint32_t n = slot_count();
  uint64_t* const array = slots();
  uint32_t at = Home(SlotTag(slot));
  while (array[at] != slot) {
    assert(array[at] != 0);
    at = at + 1 == n ? 0 : at + 1;
  }
  for (;;) {
    const uint32_t next = at + 1 == n ? 0 : at + 1;
    if (array[next] == 0 || Displacement(array[next], next) == 0) break;
    array[at] = array[next];
    at = next;
  }
  array[at] = 0;
  --*block();
}

void Segment::Replace(uint64_t from, uint64_t to) {
  const uint32_t n = slot_count();
  uint64_t* const array = slots();
  uint32_t at = Home(SlotTag(from));
  while (array[at] != from) {
    assert(array[at] != 0);
    at = at + 1 == n ? 0 : at + 1;
  }
  array[at] = to;
}

void Segment::Resize(int size_index) {
  Segment fresh = Make(base(), tag_bits(), size_index);
  const uint64_t* const array = slots();
  for (uint32_t i = 0; i < slot_count(); ++i)
    if (array[i] != 0) fresh.Insert(array[i]);
  Free();
  *this = fresh;
}

int Segment::SizeFor(uint64_t count) {
  for (int index = 1; index < kLargest; ++index) {
    const uint64_t n = kSlots[static_cast<size_t>(index)];
    // Below the limit, so that the next inserts do not resize at once.
    if (count * 10 <= n * 7) return index;
  }
  return kLargest;
}

}  // namespace tideway::backend
