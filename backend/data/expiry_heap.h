// The expiring keys of one table in the order of their times: a 4-ary min-heap.
//
// Each entry knows its place, so a changed or removed expiry is O(log n) without a search. Places
// lie in chunks: growing never copies what is there. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/data/entry.h"

namespace tideway::backend {

class ExpiryHeap {
 public:
  struct Item {
    int64_t at_ms;
    Entry* entry;
  };

  size_t size() const { return size_; }
  size_t bytes() const {
    return chunks_.size() * kChunk * sizeof(Item) + chunks_.capacity() * sizeof(chunks_[0]);
  }
  /// The earliest. Precondition: size() > 0.
  const Item& top() const { return At(0); }
  /// Any, in no order. Precondition: index < size().
  const Item& item(size_t index) const { return At(index); }

  /// Precondition: entry->has_expiry() with its time set. Sets its heap index.
  void Push(Entry* entry);
  /// Moves an entry of the heap to the place of its changed time.
  void Update(Entry* entry);
  void Remove(Entry* entry);
  /// The block of an entry of the heap moved.
  void Moved(Entry* entry) { At(entry->heap_index()).entry = entry; }

 private:
  static constexpr size_t kChunkBits = 6;
  static constexpr size_t kChunk = size_t{1} << kChunkBits;

  Item& At(size_t index) { return chunks_[index >> kChunkBits][index & (kChunk - 1)]; }
  const Item& At(size_t index) const { return chunks_[index >> kChunkBits][index & (kChunk - 1)]; }
  void Put(size_t index, const Item& item) {
    At(index) = item;
    item.entry->set_heap_index(static_cast<uint32_t>(index));
  }
  void SiftUp(size_t index, Item item);
  void SiftDown(size_t index, Item item);

  std::vector<std::unique_ptr<Item[]>> chunks_;
  size_t size_ = 0;
};

}  // namespace tideway::backend
