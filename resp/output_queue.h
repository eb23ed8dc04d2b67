// What a client still has to be sent: own bytes and shared slices, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
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
  /// Those that may leave now.
  size_t sendable() const {
    return holds_ == nullptr ? bytes_ : holds_->marks.front().position - holds_->consumed;
  }
  size_t pieces() const { return pieces_.size() - head_; }

  void Append(std::string_view bytes);
  void AppendShared(const SharedSlice& slice);

  // --- what must not leave yet: the reply of SUBSCRIBE, until messages do come
  /// What is appended from now on waits for ReleaseUpTo(ticket). Tickets do not fall.
  void HoldBehind(uint64_t ticket);
  /// What waited for this ticket or an older one may leave.
  void ReleaseUpTo(uint64_t ticket);
  bool holding() const { return holds_ != nullptr; }

  /// Fills up to `max` buffers from the front, with what may leave; returns how many.
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
  struct Mark {
    size_t position;  // bytes since `consumed` began to count
    uint64_t ticket;
  };
  struct Holds {
    size_t consumed = 0;
    std::deque<Mark> marks;  // never empty
  };
  void ClearPieces();

  std::unique_ptr<Holds> holds_;  // null nearly always
  std::vector<Piece> pieces_;
  size_t head_ = 0;  // index of the first piece not sent
  size_t bytes_ = 0;
};

}  // namespace tideway::resp
