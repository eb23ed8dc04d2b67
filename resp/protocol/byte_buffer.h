// A growable contiguous buffer of bytes that is never zero-filled.
//
// Grows by doubling, so appending n bytes costs O(n) in all. Pointers and views into it are good
// until the next call that may grow it. Moving leaves the source empty. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace tideway::resp {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  explicit ByteBuffer(size_t capacity) { Grow(capacity); }
  ~ByteBuffer() { std::free(data_); }
  ByteBuffer(ByteBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    swap(other);
    other.Release();
    return *this;
  }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  char* data() { return data_; }
  const char* data() const { return data_; }
  std::string_view view() const { return {data_, size_}; }

  /// Makes room for `bytes` more and returns where they begin: write there, then Commit().
  char* Ensure(size_t bytes) {
    if (bytes > capacity_ - size_) [[unlikely]] {
      Grow(bytes);
    }
    return data_ + size_;
  }

  /// Takes `bytes` written after Ensure().
  void Commit(size_t bytes) { size_ += bytes; }
  /// As Commit, by the end of what was written.
  void CommitTo(const char* end) { size_ = static_cast<size_t>(end - data_); }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Ensure(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void Append(char byte) {
    *Ensure(1) = byte;
    ++size_;
  }

  /// Puts `bytes` before the byte at `position` (≤ size()), moving what follows.
  void Insert(size_t position, std::string_view bytes) {
    char* end = Ensure(bytes.size());
    if (bytes.empty()) return;
    char* at = data_ + position;
    std::memmove(at + bytes.size(), at, static_cast<size_t>(end - at));
    std::memcpy(at, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  /// Takes out `bytes` from `position` on (both within size()), moving what follows.
  void Remove(size_t position, size_t bytes) {
    if (bytes == 0) return;  // an empty buffer has no memory to move
    std::memmove(data_ + position, data_ + position + bytes, size_ - position - bytes);
    size_ -= bytes;
  }

  /// Keeps the first `size` bytes (≤ size()).
  void Truncate(size_t size) { size_ = size; }

  /// Drops the first `bytes` (≤ size()), moving the rest to the front.
  void DropFront(size_t bytes) {
    if (bytes != 0) Remove(0, bytes);
  }

  /// Drops the bytes, keeps the memory.
  void Clear() { size_ = 0; }

  /// Gives memory beyond max(size(), capacity_max) back to the allocator.
  void Shrink(size_t capacity_max) {
    const size_t target = capacity_max > size_ ? capacity_max : size_;
    if (target == 0) {
      Release();
    } else if (target < capacity_) {
      Reallocate(target);
    }
  }

  /// Drops the bytes and the memory.
  void Release() {
    std::free(data_);
    data_ = nullptr;
    size_ = 0;
    capacity_ = 0;
  }

  void swap(ByteBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  static constexpr size_t kFirstCapacity = 256;

  [[gnu::noinline]] void Grow(size_t bytes) {
    size_t needed;
    if (__builtin_add_overflow(size_, bytes, &needed)) throw std::bad_alloc();
    size_t target = capacity_ > kFirstCapacity / 2 ? capacity_ * 2 : kFirstCapacity;
    if (target < needed) target = needed;
    Reallocate(target);
  }

  void Reallocate(size_t capacity) {
    char* moved = static_cast<char*>(std::realloc(data_, capacity));
    if (moved == nullptr) throw std::bad_alloc();
    data_ = moved;
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tideway::resp
