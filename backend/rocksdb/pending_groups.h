// Batches that were appended and not yet taken by the writer, already in the form of records.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/rocksdb/group.h"

namespace tideway::backend {

/// Not thread-safe: the journal's mutex guards it.
class PendingGroups {
 public:
  /// A record is closed once it has `group_bytes`; a batch of more than `part_bytes` is cut.
  PendingGroups(size_t group_bytes, size_t part_bytes)
      : group_bytes_(group_bytes), part_bytes_(std::min(part_bytes, kPartBytesMax)) {}

  /// Copies one batch; `ticket` follows the one before. Returns the last ticket that it took.
  Ticket Add(Ticket ticket, CommitTs commit_ts, std::string_view records) {
    if (records.size() > part_bytes_) [[unlikely]]
      return AddInParts(ticket, commit_ts, records);
    if (groups_.empty() || groups_.back().bytes() >= group_bytes_) {
      groups_.emplace_back(ticket);
      groups_.back().Reserve(reserve_bytes_);
    }
    groups_.back().Add(commit_ts, records);
    bytes_ += records.size() + kFrameHeaderBytes;
    return ticket;
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
  Ticket AddInParts(Ticket ticket, CommitTs commit_ts, std::string_view records) {
    for (;; ++ticket) {
      const std::string_view part = records.substr(0, part_bytes_);
      records.remove_prefix(part.size());
      groups_.emplace_back(ticket);
      groups_.back().Reserve(part.size() + kFrameHeaderBytes);
      groups_.back().Add(commit_ts, part, /*continues=*/!records.empty());
      bytes_ += part.size() + kFrameHeaderBytes;
      if (records.empty()) return ticket;
    }
  }

  const size_t group_bytes_;
  const size_t part_bytes_;
  std::vector<Group> groups_;
  size_t bytes_ = 0;
  size_t reserve_bytes_ = 0;
};

}  // namespace tideway::backend
