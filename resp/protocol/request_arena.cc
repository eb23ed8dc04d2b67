#include "resp/protocol/request_arena.h"

#include <algorithm>

namespace tideway::resp {

std::string_view* RequestArena::ReserveViewsSlowly(size_t count) {
  if (count > kChunkViews) {
    large_.push_back(std::make_unique<std::string_view[]>(count));
    large_bytes_ += count * sizeof(std::string_view);
    Use(large_.back().get(), count);
  } else {
    if (chunks_used_ == chunks_.size()) {
      chunks_.push_back(std::make_unique<std::string_view[]>(kChunkViews));
    }
    Use(chunks_[chunks_used_++].get(), kChunkViews);
  }
  return views_next_;
}

char* RequestArena::AllocateBytes(size_t count) {
  bytes_.push_back(std::make_unique_for_overwrite<char[]>(count));
  large_bytes_ += count;
  return bytes_.back().get();
}

void RequestArena::Clear() {
  if (large_bytes_ != 0) {
    large_.clear();
    bytes_.clear();
    large_bytes_ = 0;
  }
  if (chunks_.size() > kChunksKept) chunks_.resize(kChunksKept);
  chunks_used_ = 0;
  Use(nullptr, 0);
}

size_t RequestArena::memory_bytes() const {
  return chunks_.size() * kChunkViews * sizeof(std::string_view) + large_bytes_;
}

}  // namespace tideway::resp
