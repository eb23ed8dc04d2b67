// Extendible hashing over segments: the untyped machinery of SegmentTable.
//
// The directory maps the leading bits of a position (a hash, already stripped of bits that were
// used to get here) to a segment. A segment that is full grows, and at 511 slots splits in two; the
// directory doubles by copying one word an entry. So the most that one insert ever does is to move
// 416 items: there is no rehash pause at any size. Erasing shrinks and merges segments again.
//
// Not thread-safe; whoever owns the table holds its stripe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/data/function_ref.h"
#include "backend/data/segment.h"

namespace tideway::backend {

class SegmentDirectory {
 public:
  /// Position of an item, computed from its bytes. Used when a split has spent the bits of the
  /// tags.
  using PositionFn = uint64_t (*)(const void* item);
  /// Scan cursors are the leading 42 bits of a position.
  static constexpr int kCursorBits = 42;

  SegmentDirectory() = default;
  ~SegmentDirectory() { FreeSegments(); }
  SegmentDirectory(const SegmentDirectory&) = delete;
  SegmentDirectory& operator=(const SegmentDirectory&) = delete;

  size_t size() const { return size_; }
  /// Bytes of segments and directory, without the items and this object.
  size_t bytes() const { return bytes_; }

  /// The segment that holds `position`; null when the table is empty.
  Segment Locate(uint64_t position) const { return entries_[IndexOf(position)]; }

  void Insert(uint64_t position, const void* item, PositionFn position_of);
  void Erase(uint64_t position, const void* item, PositionFn position_of);
  void Replace(uint64_t position, const void* from, const void* to);

  /// Calls fn for the items at or after `cursor` in hash order, until `count` were told and a place
  /// to stop is reached; returns the cursor to go on from, or 0 at the end. Items present from the
  /// first call to the last are told at least once, whatever is inserted and erased between calls.
  uint64_t Scan(uint64_t cursor, size_t count, FunctionRef<void(void*)> fn) const;
  /// Calls fn for every item. fn may free the item but not touch the table.
  void ForEach(FunctionRef<void(void*)> fn) const;
  /// Each item with the same probability. Precondition: size() > 0.
  void* Random(uint64_t random) const;
  /// Drops all segments; the items are the caller's.
  void Clear();

 private:
  static constexpr int kMinTagBits = 14;  // a split below this many reads the items again
  static constexpr int kMaxDepth = 22;    // so that a cursor can name every home

  size_t IndexOf(uint64_t position) const {
    return static_cast<size_t>((position >> 1) >> (63 - depth_));
  }
  size_t FirstIndex(size_t index, const Segment& segment) const {
    const int shared = depth_ - segment.depth();
    return index >> shared << shared;
  }
  void SetRange(size_t index, const Segment& segment);
  void MakeRoom(uint64_t position, PositionFn position_of);
  void Split(size_t index, PositionFn position_of);
  void DoubleDirectory();
  void HalveDirectory();
  void Thin(size_t index, PositionFn position_of);
  bool MergeWithBuddy(size_t index, PositionFn position_of);
  void FreeSegments();
  void FreeDirectory();
  static void CopyInto(Segment& to, const Segment& from, PositionFn position_of);

  Segment single_;               // the directory while depth_ is 0
  Segment* entries_ = &single_;  // 2^depth_ of them
  size_t size_ = 0;
  size_t bytes_ = 0;
  uint32_t full_depth_segments_ = 0;  // segments as deep as the directory
  int depth_ = 0;
};

}  // namespace tideway::backend
