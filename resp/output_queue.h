// What a client still has to be sent: own bytes and shared slices, in order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "resp/shared_bytes.h"

namespace tideway::resp {

/// One piece to send; the layout that writev-like calls want.
struct ConstBuffer {
  const char* data;
  size_t size;
};

/// A queue of bytes to send. One thread. Takes no memory while empty.
class OutputQueue {
 public:
  bool empty() const { return bytes_ == 0; }
  /// Bytes not sent yet, shared ones included (Redis's omem).
  size_t bytes() const { return bytes_; }
  size_t pieces() const { return pieces_.size() - head_; }

  void Append(std::string_view bytes);
  void AppendShared(const SharedSlice& slice);

  /// Fills up to `max` buffers from the front; returns how many.
  size_t Gather(ConstBuffer* buffers, size_t max) const;
  /// Forgets the first `n` bytes, which were sent.
  void Consume(size_t n);
  void Clear();

 private:
  struct Piece {
    std::string own;  // used when slice is empty
    SharedSlice slice;
    size_t skip = 0;  // sent bytes of `own`
    size_t size() const { return slice.size() != 0 ? slice.size() : own.size() - skip; }
  };
  std::vector<Piece> pieces_;
  size_t head_ = 0;  // index of the first piece not sent
  size_t bytes_ = 0;
};

}  // namespace tideway::resp
