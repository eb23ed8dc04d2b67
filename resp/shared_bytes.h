// Bytes that many clients send: encoded once, reference-counted, never copied.
//
// A publisher encodes into a ChunkWriter's current chunk. Messages that follow each other there lie
// side by side, so a subscriber that gets several in a row holds one slice for all of them, and one
// write sends them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tideway::resp {

/// A block of immutable-once-written bytes with a reference count. Thread-safe reference counting;
/// one thread writes at the end.
class SharedChunk {
 public:
  static SharedChunk* Create(size_t capacity);
  void Ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref();
  char* data() { return reinterpret_cast<char*>(this + 1); }
  size_t capacity() const { return capacity_; }

 private:
  explicit SharedChunk(size_t capacity) : capacity_(capacity) {}
  std::atomic<uint32_t> refs_{1};
  size_t capacity_;
};

/// A counted view of a part of a SharedChunk.
class SharedSlice {
 public:
  SharedSlice() = default;
  /// Takes a reference of its own.
  SharedSlice(SharedChunk* chunk, const char* begin, size_t size)
      : chunk_(chunk), begin_(begin), size_(size) {
    if (chunk_ != nullptr) chunk_->Ref();
  }
  SharedSlice(const SharedSlice& other) : SharedSlice(other.chunk_, other.begin_, other.size_) {}
  SharedSlice(SharedSlice&& other) noexcept
      : chunk_(std::exchange(other.chunk_, nullptr)), begin_(other.begin_), size_(other.size_) {}
  SharedSlice& operator=(SharedSlice other) noexcept {
    std::swap(chunk_, other.chunk_);
    std::swap(begin_, other.begin_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SharedSlice() {
    if (chunk_ != nullptr) chunk_->Unref();
  }

  std::string_view view() const { return {begin_, size_}; }
  SharedChunk* chunk() const { return chunk_; }
  size_t size() const { return size_; }

  /// True when `next` lies right behind this slice in the same chunk; then this slice covers both.
  bool Extend(const SharedSlice& next) {
    if (chunk_ != next.chunk_ || begin_ + size_ != next.begin_) return false;
    size_ += next.size_;
    return true;
  }
  /// Forgets the first `n` bytes. Precondition: n <= size().
  void RemovePrefix(size_t n) {
    begin_ += n;
    size_ -= n;
  }

 private:
  SharedChunk* chunk_ = nullptr;
  const char* begin_ = nullptr;
  size_t size_ = 0;
};

/// Cuts slices from chunks, one after another. One thread.
class ChunkWriter {
 public:
  ChunkWriter() = default;
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;
  ~ChunkWriter();
  /// Room for `size` bytes; write them, then take the slice with Commit(size).
  char* Reserve(size_t size);
  SharedSlice Commit(size_t size);

 private:
  SharedChunk* chunk_ = nullptr;
  size_t used_ = 0;
};

}  // namespace tideway::resp
