// One journal record: a run of consecutive batches that were written together.
//
//   key    'j' · first ticket (8 bytes, big-endian, so that keys sort by ticket)
//   value  durable (8) · count (4) · count × [ commit_ts (8) · length (4) · change records ]
//
// A batch that is too large for one record is cut into parts. Each part has a ticket of its own,
// the highest bit of `length` says that the batch goes on, and each part but the last one ends its
// record. The first part begins one, so that a batch whose end was lost can be erased.
// Numbers are little-endian unless said otherwise. `durable` is the newest ticket that was known to
// be on disk when the record was written: what tells a lost tail that nobody was promised from a
// hole in what was promised. RocksDB's checksums guard the bytes; here only the structure is
// checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "backend/journal.h"

namespace tideway::backend {

/// Batches that will become one record. Not thread-safe.
class Group {
 public:
  Group() = default;
  /// An empty group whose first batch will get `first`.
  explicit Group(Ticket first) : first_(first) {}

  /// Copies one batch, or a part of it after which it `continues`, to the end; its ticket is end().
  /// Precondition: records.size() <= kPartBytesMax.
  void Add(CommitTs commit_ts, std::string_view records, bool continues = false);
  void Reserve(size_t bytes) { frames_.reserve(bytes); }

  Ticket first() const { return first_; }
  /// One past the last batch's ticket.
  Ticket end() const { return first_ + count_; }
  uint32_t count() const { return count_; }
  CommitTs newest() const { return newest_; }
  std::string_view frames() const { return frames_; }
  size_t bytes() const { return frames_.size(); }

 private:
  Ticket first_ = 1;
  uint32_t count_ = 0;
  CommitTs newest_ = 0;
  std::string frames_;
};

inline constexpr size_t kGroupKeyBytes = 9;
inline constexpr size_t kGroupHeaderBytes = 12;
inline constexpr size_t kFrameHeaderBytes = 12;
inline constexpr size_t kPartBytesMax = 0x7fffffff;

using GroupKey = std::array<char, kGroupKeyBytes>;
using GroupHeader = std::array<char, kGroupHeaderBytes>;

/// Key of the group that begins with `first`.
GroupKey EncodeGroupKey(Ticket first);
/// What stands before the group's frames in the record's value.
GroupHeader EncodeGroupHeader(const Group& group, Ticket durable);

/// A stored record, parsed but for its frames. Points into the key and value it was parsed from.
struct StoredGroup {
  Ticket first = 0;
  uint32_t count = 0;
  Ticket durable = 0;
  std::string_view frames;
  Ticket end() const { return first + count; }
};

/// kCorrupt when the key or the header are not those of a group.
Result<StoredGroup> ParseGroup(std::string_view key, std::string_view value);

/// A batch of a stored record, or a part of one.
struct StoredBatch {
  Ticket ticket = 0;
  CommitTs commit_ts = 0;
  bool continues = false;
  std::string_view records;
};

/// Calls fn for each batch or part, in order; stops at the first error of fn. kCorrupt when the
/// frames do not fill the value exactly.
Status ForEachBatch(const StoredGroup& group, const std::function<Status(const StoredBatch&)>& fn);

}  // namespace tideway::backend
