#include "resp/output_queue.h"

#include <algorithm>
#include <cassert>

namespace tideway::resp {
namespace {
// Small replies join the last own piece up to this size, so that a piece stays cheap to drop.
constexpr size_t kOwnPieceBytes = 16 * 1024;
}  // namespace

void OutputQueue::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  if (pieces() > 0) {
    Piece& last = pieces_.back();
    if (last.slice.size() == 0 && last.own.size() + bytes.size() <= kOwnPieceBytes) {
      last.own.append(bytes);
      return;
    }
  }
  pieces_.emplace_back().own.assign(bytes);
}

void OutputQueue::AppendShared(const SharedSlice& slice) {
  if (slice.size() == 0) return;
  bytes_ += slice.size();
  if (pieces() > 0 && pieces_.back().slice.Extend(slice)) return;
  pieces_.emplace_back().slice = slice;
}

size_t OutputQueue::Gather(ConstBuffer* buffers, size_t max) const {
  size_t count = 0;
  size_t left = sendable();
  for (size_t i = head_; i < pieces_.size() && count < max && left > 0; ++i, ++count) {
    const Piece& piece = pieces_[i];
    if (piece.slice.size() != 0) {
      buffers[count] = {piece.slice.view().data(), piece.slice.size()};
    } else {
      buffers[count] = {piece.own.data() + piece.skip, piece.own.size() - piece.skip};
    }
    buffers[count].size = std::min(buffers[count].size, left);
    left -= buffers[count].size;
  }
  return count;
}

void OutputQueue::Consume(size_t n) {
  assert(n <= sendable());
  bytes_ -= n;
  if (holds_ != nullptr) holds_->consumed += n;
  if (bytes_ == 0) {
    ClearPieces();
    return;
  }
  while (n > 0) {
    Piece& piece = pieces_[head_];
    const size_t size = piece.size();
    if (n < size) {
      if (piece.slice.size() != 0) {
        piece.slice.RemovePrefix(n);
      } else {
        piece.skip += n;
      }
      return;
    }
    n -= size;
    piece = Piece();
    ++head_;
  }
  // Sent pieces at the front go when they are the larger half: each is moved at most once.
  if (head_ > 16 && head_ * 2 > pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void OutputQueue::HoldBehind(uint64_t ticket) {
  if (holds_ == nullptr) holds_ = std::make_unique<Holds>();
  if (!holds_->marks.empty() && holds_->marks.back().ticket >= ticket) return;
  holds_->marks.push_back({holds_->consumed + bytes_, ticket});
}

void OutputQueue::ReleaseUpTo(uint64_t ticket) {
  if (holds_ == nullptr) return;
  std::deque<Mark>& marks = holds_->marks;
  while (!marks.empty() && marks.front().ticket <= ticket) marks.pop_front();
  if (marks.empty()) holds_.reset();
}

void OutputQueue::Clear() {
  holds_.reset();
  ClearPieces();
}

void OutputQueue::ClearPieces() {
  bytes_ = 0;
  head_ = 0;
  // A fan-out subscriber empties and refills its queue all the time: keep a small vector, free a
  // large one.
  if (pieces_.capacity() <= 8) {
    pieces_.clear();
  } else {
    std::vector<Piece>().swap(pieces_);
  }
}

}  // namespace tideway::resp
