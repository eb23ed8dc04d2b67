#include "backend/data/segment_directory.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <memory>

namespace tideway::backend {
namespace {

constexpr int kCursorShift = 64 - SegmentDirectory::kCursorBits;

}  // namespace

void SegmentDirectory::SetRange(size_t index, const Segment& segment) {
  const size_t first = FirstIndex(index, segment);
  std::fill_n(entries_ + first, size_t{1} << (depth_ - segment.depth()), segment);
}

void SegmentDirectory::Insert(uint64_t position, const void* item, PositionFn position_of) {
  Segment segment = Locate(position);
  if (!segment || segment.count() >= segment.limit()) {
    MakeRoom(position, position_of);
    segment = Locate(position);
  }
  segment.Insert(MakeSlot(TagOf(position, segment.base()), item));
  ++size_;
}

void SegmentDirectory::MakeRoom(uint64_t position, PositionFn position_of) {
  for (;;) {
    const size_t index = IndexOf(position);
    Segment segment = entries_[index];
    if (!segment) {
      single_ = Segment::Make(0, kTagBits, 1);
      bytes_ += single_.bytes();
      full_depth_segments_ = 1;
      return;
    }
    if (segment.count() < segment.limit()) return;
    if (segment.size_index() >= Segment::kLargest && segment.depth() < kMaxDepth) {
      Split(index, position_of);
      continue;
    }
    // At the greatest depth segments grow on: slow, but only reached by equal hashes.
    if (segment.size_index() == 15) std::abort();
    bytes_ -= segment.bytes();
    segment.Resize(segment.size_index() + 1);
    bytes_ += segment.bytes();
    SetRange(index, segment);
  }
}

void SegmentDirectory::CopyInto(Segment& to, const Segment& from, PositionFn position_of) {
  const uint64_t* const slots = from.slots();
  for (uint32_t i = 0; i < from.slot_count(); ++i) {
    if (slots[i] == 0) continue;
    if (position_of == nullptr) {
      to.Insert(slots[i]);
    } else {
      void* const item = SlotItem(slots[i]);
      to.Insert(MakeSlot(TagOf(position_of(item), to.base()), item));
    }
  }
}

void SegmentDirectory::Split(size_t index, PositionFn position_of) {
  Segment full = entries_[index];
  if (full.depth() == depth_) {
    DoubleDirectory();
    index <<= 1;
  }
  const bool reread = full.tag_bits() - 1 < kMinTagBits;
  const int base = reread ? full.depth() + 1 : full.base();
  const int tag_bits = reread ? kTagBits : full.tag_bits() - 1;
  const int split_bit = kPointerBits + full.tag_bits() - 1;

  uint64_t ones = 0;
  const uint64_t* const slots = full.slots();
  for (uint32_t i = 0; i < full.slot_count(); ++i) ones += slots[i] >> split_bit & 1;
  Segment halves[2] = {
      Segment::Make(base, tag_bits, Segment::SizeFor(full.count() - ones)),
      Segment::Make(base, tag_bits, Segment::SizeFor(ones)),
  };
  for (uint32_t i = 0; i < full.slot_count(); ++i) {
    if (slots[i] == 0) continue;
    uint64_t slot = slots[i];
    if (reread) slot = MakeSlot(TagOf(position_of(SlotItem(slot)), base), SlotItem(slot));
    halves[slots[i] >> split_bit & 1].Insert(slot);
  }
  const size_t first = FirstIndex(index, full);
  const size_t half_range = size_t{1} << (depth_ - full.depth() - 1);
  bytes_ += halves[0].bytes() + halves[1].bytes() - full.bytes();
  full.Free();
  SetRange(first, halves[0]);
  SetRange(first + half_range, halves[1]);
  if (halves[0].depth() == depth_) full_depth_segments_ += 2;
}

void SegmentDirectory::DoubleDirectory() {
  const size_t old_size = size_t{1} << depth_;
  Segment* const wider = static_cast<Segment*>(AllocateBlock(2 * old_size * sizeof(Segment)));
  for (size_t i = 0; i < old_size; ++i) {
    std::construct_at(wider + 2 * i, entries_[i]);
    std::construct_at(wider + 2 * i + 1, entries_[i]);
  }
  FreeDirectory();
  entries_ = wider;
  ++depth_;
  bytes_ += SizeClass(2 * old_size * sizeof(Segment));
  full_depth_segments_ = 0;
}

void SegmentDirectory::HalveDirectory() {
  const size_t new_size = size_t{1} << (depth_ - 1);
  Segment* const narrower =
      new_size == 1 ? &single_ : static_cast<Segment*>(AllocateBlock(new_size * sizeof(Segment)));
  for (size_t i = 0; i < new_size; ++i) std::construct_at(narrower + i, entries_[2 * i]);
  FreeDirectory();
  entries_ = narrower;
  --depth_;
  if (depth_ > 0) bytes_ += SizeClass(new_size * sizeof(Segment));
  full_depth_segments_ = 0;
  for (size_t i = 0; i < new_size; ++i) full_depth_segments_ += entries_[i].depth() == depth_;
}

void SegmentDirectory::FreeDirectory() {
  if (entries_ == &single_) return;
  const size_t bytes = sizeof(Segment) << depth_;
  FreeBlock(entries_, bytes);
  bytes_ -= SizeClass(bytes);
  entries_ = &single_;
}

void SegmentDirectory::Erase(uint64_t position, const void* item, PositionFn position_of) {
  const size_t index = IndexOf(position);
  Segment segment = entries_[index];
  segment.Remove(MakeSlot(TagOf(position, segment.base()), item));
  --size_;
  if (segment.count() * 4 < segment.slot_count()) Thin(index, position_of);
}

void SegmentDirectory::Replace(uint64_t position, const void* from, const void* to) {
  const Segment segment = Locate(position);
  const uint64_t tag = TagOf(position, segment.base());
  Segment(segment).Replace(MakeSlot(tag, from), MakeSlot(tag, to));
}

void SegmentDirectory::Thin(size_t index, PositionFn position_of) {
  if (size_ == 0) {
    // The smallest segment stays: a key that comes and goes alone does not allocate each time.
    if (depth_ == 0 && single_.size_index() == 1) return;
    Clear();
    return;
  }
  if (MergeWithBuddy(index, position_of)) {
    while (depth_ > 0 && full_depth_segments_ == 0) HalveDirectory();
    return;
  }
  Segment segment = entries_[index];
  const int size_index = Segment::SizeFor(segment.count());
  if (size_index >= segment.size_index()) return;
  bytes_ -= segment.bytes();
  segment.Resize(size_index);
  bytes_ += segment.bytes();
  SetRange(index, segment);
}

bool SegmentDirectory::MergeWithBuddy(size_t index, PositionFn position_of) {
  Segment left = entries_[index];
  const int depth = left.depth();
  if (depth == 0) return false;
  const size_t buddy = FirstIndex(index, left) ^ (size_t{1} << (depth_ - depth));
  Segment right = entries_[buddy];
  const uint64_t together = left.count() + right.count();
  if (right.depth() != depth || together > Segment::kSlots[Segment::kLargest] / 2) return false;
  // Tags that still hold the bit which told the two apart serve on; others are made anew.
  const bool keep_tags = left.base() == right.base() && left.base() < depth;
  Segment merged =
      Segment::Make(keep_tags ? left.base() : depth - 1, keep_tags ? left.tag_bits() + 1 : kTagBits,
                    Segment::SizeFor(together));
  CopyInto(merged, left, keep_tags ? nullptr : position_of);
  CopyInto(merged, right, keep_tags ? nullptr : position_of);
  bytes_ += merged.bytes() - left.bytes() - right.bytes();
  left.Free();
  right.Free();
  if (depth == depth_) full_depth_segments_ -= 2;
  SetRange(index, merged);
  return true;
}

uint64_t SegmentDirectory::Scan(uint64_t cursor, size_t count, FunctionRef<void(void*)> fn) const {
  if (size_ == 0 || cursor >> kCursorBits != 0) return 0;
  uint64_t position = cursor << kCursorShift;
  size_t told = 0;
  for (;;) {
    const Segment segment = Locate(position);
    const uint32_t n = segment.slot_count();
    const uint32_t start = segment.Home(TagOf(position, segment.base()));
    const int depth = segment.depth();
    const uint64_t prefix = depth == 0 ? 0 : position >> (64 - depth) << (64 - depth);
    uint32_t last_home = start;
    // `at` runs past the end to reach the items that the last homes pushed around it.
    for (uint32_t at = start; at < 2 * n; ++at) {
      const uint64_t slot = segment.slots()[at < n ? at : at - n];
      if (slot == 0) {
        if (at >= n) break;
        continue;
      }
      const int64_t home = int64_t{at} - segment.Displacement(slot, at < n ? at : at - n);
      if (home < start) continue;
      if (home >= n) break;
      if (told >= count && home > last_home) {
        // The smallest position whose home this is.
        const int bits = segment.tag_bits();
        const uint64_t first_tag = ((static_cast<uint64_t>(home) << bits) + n - 1) / n;
        return (prefix | first_tag << (64 - depth - bits)) >> kCursorShift;
      }
      fn(SlotItem(slot));
      ++told;
      last_home = static_cast<uint32_t>(home);
    }
    if (depth == 0) return 0;
    position = prefix + (uint64_t{1} << (64 - depth));
    if (position == 0) return 0;  // wrapped: that was the last segment
    if (told >= count) return position >> kCursorShift;
  }
}

void SegmentDirectory::ForEach(FunctionRef<void(void*)> fn) const {
  if (!entries_[0]) return;
  for (size_t i = 0; i < size_t{1} << depth_;) {
    const Segment& segment = entries_[i];
    for (uint32_t at = 0; at < segment.slot_count(); ++at)
      if (segment.slots()[at] != 0) fn(SlotItem(segment.slots()[at]));
    i += size_t{1} << (depth_ - segment.depth());
  }
}

void* SegmentDirectory::Random(uint64_t random) const {
  assert(size_ > 0);
  // Throws a dart at all slots that could be; a segment that is listed 2^k times, or has fewer than
  // the most slots, gets as many darts as it deserves. Thin tables fall back to counting.
  const uint32_t widest = depth_ == 0 ? single_.slot_count() : Segment::kSlots[Segment::kLargest];
  for (int trial = 0; trial < 64; ++trial) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const uint64_t dart = random ^ random >> 32;
    const size_t index = IndexOf(random);
    const Segment segment = entries_[index];
    const size_t at = (dart >> 3) % widest;
    if (FirstIndex(index, segment) != index || at >= segment.slot_count()) continue;
    if (segment.slots()[at] != 0) return SlotItem(segment.slots()[at]);
  }
  uint64_t skip = random % size_;
  size_t index = 0;
  while (skip >= entries_[index].count()) {
    skip -= entries_[index].count();
    index += size_t{1} << (depth_ - entries_[index].depth());
  }
  const uint64_t* slot = entries_[index].slots();
  while (*slot == 0 || skip-- > 0) ++slot;
  return SlotItem(*slot);
}

void SegmentDirectory::Clear() {
  FreeSegments();
  single_ = Segment();
  depth_ = 0;
  size_ = 0;
  bytes_ = 0;
  full_depth_segments_ = 0;
}

void SegmentDirectory::FreeSegments() {
  if (!entries_[0]) return;
  for (size_t i = 0; i < size_t{1} << depth_;) {
    Segment segment = entries_[i];
    i += size_t{1} << (depth_ - segment.depth());
    segment.Free();
  }
  FreeDirectory();
}

}  // namespace tideway::backend
