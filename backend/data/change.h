// The journal's records: what changed, in a form that can be replayed and read back.
//
// A batch (or a checkpoint chunk) is a sequence of records. Each is absolute and idempotent: it
// says what a key, field or member is from now on, not how it got there. So replaying all batches
// since the start of a fuzzy checkpoint over that checkpoint ends in the live state. `event`
// records follow the change that they belong to, so that the journal can also be read as a log of
// (database, key, event).
//
// Form: one byte of ChangeOp, with bit 7 set when the key is that of the record before; then the
// key unless bit 7 is set; then what the table says. Byte strings are a varint length and the
// bytes, numbers are varints (backend/data/varint.h). The database is selected by a record, anew in
// each sequence. Operations are append only; whoever stores sequences stores kChangeFormat beside
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "backend/event.h"
#include "backend/key.h"
#include "backend/result.h"

namespace tideway::backend {

/// Version of the form. Readers refuse a newer one.
inline constexpr uint32_t kChangeFormat = 1;

enum class ChangeOp : uint8_t {
  kSelectDb = 1,   // number: the database of what follows; no key
  kSet = 2,        // key, value: string without expiry
  kSetAt = 3,      // key, value, number: string, expiry in Unix ms
  kSplice = 4,     // key, value, number: bytes at an offset of a string; zeros fill a gap
  kHashSet = 5,    // key, field, value
  kHashErase = 6,  // key, field
  kSetAdd = 7,     // key, field: a set's member
  kSetRemove = 8,  // key, field
  kErase = 9,      // key
  kExpireAt = 10,  // key, number: expiry in Unix ms of a key that is there
  kPersist = 11,   // key: no expiry
  kNewHash = 12,   // key: an empty hash without expiry instead of what was there
  kNewSet = 13,    // key: the same with a set
  kFlushDb = 14,   // the selected database; no key
  kSwapDb = 15,    // number, number2: the two databases; no key
  kEvent = 16,     // key, number: an Event of the change before
  kLast = kEvent,
};

/// One record. The views point into the sequence.
struct ChangeRecord {
  ChangeOp op;
  uint32_t db;
  std::string_view key;
  std::string_view field;
  std::string_view value;
  uint64_t number;
  uint64_t number2;
};

/// Builds a sequence in a buffer that is meant to be used again. Not thread-safe.
class ChangeBuffer {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  /// Starts a new sequence. Keeps the memory unless it grew beyond kKeepBytes, or beyond
  /// kKeepIdleBytes of which the sequence before used little.
  void Clear();

  /// `expire_at_ms` may be kNoExpiry.
  void SetString(uint32_t db, std::string_view key, std::string_view value, int64_t expire_at_ms);
  void Splice(uint32_t db, std::string_view key, uint64_t offset, std::string_view bytes);
  void HashSet(uint32_t db, std::string_view key, std::string_view field, std::string_view value);
  void HashErase(uint32_t db, std::string_view key, std::string_view field);
  void SetAdd(uint32_t db, std::string_view key, std::string_view member);
  void SetRemove(uint32_t db, std::string_view key, std::string_view member);
  void Erase(uint32_t db, std::string_view key);
  void ExpireAt(uint32_t db, std::string_view key, int64_t at_ms);
  void Persist(uint32_t db, std::string_view key);
  void NewHash(uint32_t db, std::string_view key);
  void NewSet(uint32_t db, std::string_view key);
  void FlushDb(uint32_t db);
  void SwapDb(uint32_t a, uint32_t b);
  void AddEvent(uint32_t db, std::string_view key, Event event);

 private:
  static constexpr size_t kKeepBytes = size_t{1} << 20;
  static constexpr size_t kKeepIdleBytes = size_t{1} << 16;
  static constexpr uint32_t kNoDb = UINT32_MAX;

  /// Makes room for a record with `payload` more bytes than its head; returns where the head ends.
  char* Start(ChangeOp op, uint32_t db, std::string_view key, size_t payload);
  char* StartKeyless(size_t payload);
  /// The record before is about the same key.
  bool FollowsKey(uint32_t db, std::string_view key) const;
  void Finish(const char* end) { size_ = static_cast<size_t>(end - bytes_.get()); }
  void Grow(size_t wanted);

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t key_offset_ = 0;  // of the key of the record before
  size_t key_size_ = kNoKey;
  uint32_t db_ = kNoDb;
  static constexpr size_t kNoKey = SIZE_MAX;
};

/// Walks a sequence of any origin. Total: bytes that are not a sequence end in an error, never in
/// undefined behaviour.
class ChangeReader {
 public:
  explicit ChangeReader(std::string_view records)
      : at_(records.data()), end_(records.data() + records.size()) {}

  /// The next record; false at the end and at the first broken record: then status() is kCorrupt.
  /// kSelectDb records are not told, they show in `db`.
  bool Next(ChangeRecord& record);
  const Status& status() const { return status_; }

 private:
  bool Fail(std::string_view what);
  bool TakeBytes(std::string_view& bytes);
  bool TakeNumber(uint64_t& number);
  bool TakeBody(ChangeRecord& record);

  const char* at_;
  const char* end_;
  std::string_view key_;
  uint32_t db_ = 0;
  bool has_db_ = false;
  bool has_key_ = false;
  Status status_ = Ok();
};

}  // namespace tideway::backend
