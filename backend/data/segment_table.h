// A hash table of item pointers without rehash pauses; see segment_directory.h for how.
#pragma once

#include <string_view>

#include "backend/data/segment_directory.h"

namespace tideway::backend {

/// Traits: `using Item`; `static std::string_view KeyOf(const Item*)`; `static uint64_t
/// PositionOf(const Item*)`: the hash bits that choose among items of this table, uniform from the
/// top bit down. Items are blocks of memory.h and belong to the caller.
template <class Traits>
class SegmentTable {
 public:
  using Item = typename Traits::Item;

  size_t size() const { return directory_.size(); }
  size_t bytes() const { return directory_.bytes(); }

  Item* Find(uint64_t position, std::string_view key) const {
    const Segment segment = directory_.Locate(position);
    if (!segment) return nullptr;
    const uint64_t tag = TagOf(position, segment.base());
    const uint64_t* const slots = segment.slots();
    const uint32_t n = segment.slot_count();
    uint32_t at = segment.Home(tag);
    for (uint32_t distance = 0;; ++distance) {
      const uint64_t slot = slots[at];
      if (slot == 0) return nullptr;
      if (SlotTag(slot) == tag) {
        Item* const item = static_cast<Item*>(SlotItem(slot));
        if (SameBytes(Traits::KeyOf(item), key)) return item;
      } else if (segment.Displacement(slot, at) < distance) {
        return nullptr;
      }
      if (++at == n) at = 0;
    }
  }

  /// Hints for a Find() that is to come, a step apart: first the slot, then, once that is there,
  /// the item. Many keys' steps together cost little more than those of one.
  void PrefetchSlot(uint64_t position) const {
    const Segment segment = directory_.Locate(position);
    if (!segment) return;
    __builtin_prefetch(segment.slots() + segment.Home(TagOf(position, segment.base())));
  }
  void PrefetchItem(uint64_t position) const {
    const Segment segment = directory_.Locate(position);
    if (!segment) return;
    const uint64_t tag = TagOf(position, segment.base());
    const uint32_t n = segment.slot_count();
    uint32_t at = segment.Home(tag);
    for (int step = 0; step < kPrefetchSteps; ++step) {
      const uint64_t slot = segment.slots()[at];
      if (slot == 0) return;
      if (SlotTag(slot) == tag) {
        __builtin_prefetch(SlotItem(slot));
        return;
      }
      if (++at == n) at = 0;
    }
  }

  /// Precondition: no item of that key is in the table.
  void Insert(uint64_t position, Item* item) { directory_.Insert(position, item, &Position); }
  /// Precondition for both: `item` / `from` is in the table at `position`.
  void Erase(uint64_t position, Item* item) { directory_.Erase(position, item, &Position); }
  void Replace(uint64_t position, Item* from, Item* to) { directory_.Replace(position, from, to); }

  /// See SegmentDirectory::Scan; fn(Item*).
  template <class Fn>
  uint64_t Scan(uint64_t cursor, size_t count, Fn&& fn) const {
    return directory_.Scan(cursor, count, [&](void* item) { fn(static_cast<Item*>(item)); });
  }
  template <class Fn>
  void ForEach(Fn&& fn) const {
    directory_.ForEach([&](void* item) { fn(static_cast<Item*>(item)); });
  }
  Item* Random(uint64_t random) const { return static_cast<Item*>(directory_.Random(random)); }
  void Clear() { directory_.Clear(); }

 private:
  static constexpr int kPrefetchSteps = 8;  // one cache line

  static uint64_t Position(const void* item) {
    return Traits::PositionOf(static_cast<const Item*>(item));
  }

  SegmentDirectory directory_;
};

}  // namespace tideway::backend
