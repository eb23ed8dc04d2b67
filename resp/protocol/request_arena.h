// Where the arguments of one batch of requests lie: argument views in contiguous runs, and the few
// bytes that inline quoting forces the parser to decode.
//
// Meant to be one per I/O thread: parse many requests, run them, Clear(). Everything handed out
// stays in place until Clear(), whatever is allocated later, so spans of several requests can be
// held at once. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace tideway::resp {

class RequestArena {
 public:
  RequestArena() = default;
  RequestArena(const RequestArena&) = delete;
  RequestArena& operator=(const RequestArena&) = delete;

  /// Room for `count` views, not initialised. Never null; nothing is taken before CommitViews().
  std::string_view* ReserveViews(size_t count) {
    if (count <= static_cast<size_t>(views_end_ - views_next_)) return views_next_;
    return ReserveViewsSlowly(count);
  }

  /// Takes the first `count` views of the last ReserveViews(); they live until Clear().
  void CommitViews(size_t count) { views_next_ += count; }

  /// `count` bytes, not initialised, that live until Clear().
  char* AllocateBytes(size_t count);

  /// Ends the batch: everything handed out is gone. Keeps up to kChunksKept chunks for the next.
  void Clear();

  /// Bytes of memory held.
  size_t memory_bytes() const;

 private:
  static constexpr size_t kChunkViews = 1024;  // a request of more arguments gets its own chunk
  static constexpr size_t kChunksKept = 8;     // 128 KB a thread

  using Views = std::unique_ptr<std::string_view[]>;

  std::string_view* ReserveViewsSlowly(size_t count);
  void Use(std::string_view* views, size_t count) {
    views_next_ = views;
    views_end_ = views + count;
  }

  std::string_view* views_next_ = nullptr;
  std::string_view* views_end_ = nullptr;
  size_t chunks_used_ = 0;
  std::vector<Views> chunks_;  // kChunkViews each
  std::vector<Views> large_;
  std::vector<std::unique_ptr<char[]>> bytes_;
  size_t large_bytes_ = 0;  // held by large_ and bytes_
};

}  // namespace tideway::resp
