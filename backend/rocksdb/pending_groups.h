// Batches that were appended and not yet taken by the writer, already in the form of records.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/rocksdb/group.h"

namespace tideway::backend {

/// Not thread-safe: the journal's mutex guards it.
class PendingGroups {
 public:
  /// A record is closed once it has `group_bytes`.
  explicit PendingGroups(size_t group_bytes) : group_bytes_(group_bytes) {}

  /// Copies one batch; `ticket` follows the one before.
  void Add(Ticket ticket, CommitTs commit_ts, std::string_view records) {
    if (groups_.empty() || groups_.back().bytes() >= group_bytes_) {
      groups_.emplace_back(ticket);
      groups_.back().Reserve(reserve_bytes_);
    }
    groups_.back().Add(commit_ts, records);
    bytes_ += records.size() + kFrameHeaderBytes;
  }

  /// Hands over everything, in order.
  std::vector<Group> Take() {
    // The next record will be about as large as this one: then it never moves while it grows.
    const size_t recent = groups_.empty() ? 0 : groups_.front().bytes();
    reserve_bytes_ =
        recent + recent / 4 < group_bytes_ ? recent + recent / 4 : group_bytes_ + group_bytes_ / 8;
    bytes_ = 0;
    return std::exchange(groups_, {});
  }

  size_t bytes() const { return bytes_; }
  bool empty() const { return groups_.empty(); }

 private:
  const size_t group_bytes_;
  std::vector<Group> groups_;
  size_t bytes_ = 0;
  size_t reserve_bytes_ = 0;
};

}  // namespace tideway::backend
