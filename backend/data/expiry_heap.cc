#include "backend/data/expiry_heap.h"

#include <algorithm>

namespace tideway::backend {

void ExpiryHeap::SiftUp(size_t index, Item item) {
  while (index > 0) {
    const size_t parent = (index - 1) / 4;
    if (At(parent).at_ms <= item.at_ms) break;
    Put(index, At(parent));
    index = parent;
  }
  Put(index, item);
}

void ExpiryHeap::SiftDown(size_t index, Item item) {
  for (;;) {
    const size_t first = 4 * index + 1;
    if (first >= size_) break;
    size_t least = first;
    for (size_t child = first + 1; child < std::min(first + 4, size_); ++child)
      if (At(child).at_ms < At(least).at_ms) least = child;
    if (At(least).at_ms >= item.at_ms) break;
    Put(index, At(least));
    index = least;
  }
  Put(index, item);
}

void ExpiryHeap::Push(Entry* entry) {
  if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<Item[]>(kChunk));
  ++size_;
  SiftUp(size_ - 1, {entry->expire_at_ms(), entry});
}

void ExpiryHeap::Update(Entry* entry) {
  const size_t index = entry->heap_index();
  const bool earlier = entry->expire_at_ms() < At(index).at_ms;
  const Item item{entry->expire_at_ms(), entry};
  if (earlier) {
    SiftUp(index, item);
  } else {
    SiftDown(index, item);
  }
}

void ExpiryHeap::Remove(Entry* entry) {
  const size_t index = entry->heap_index();
  const int64_t removed_ms = At(index).at_ms;
  entry->set_heap_index(Entry::kNotInHeap);
  const Item last = At(--size_);
  if (index != size_) {
    if (last.at_ms < removed_ms) {
      SiftUp(index, last);
    } else {
      SiftDown(index, last);
    }
  }
  // One spare chunk stays, so that a key that comes and goes does not allocate each time.
  while (chunks_.size() * kChunk > size_ + 2 * kChunk) chunks_.pop_back();
}

}  // namespace tideway::backend
