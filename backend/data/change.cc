#include "backend/data/change.h"

#include <algorithm>
#include <limits>

#include "backend/data/memory.h"
#include "backend/data/varint.h"

namespace tideway::backend {
namespace {

constexpr uint8_t kSameKey = 0x80;
constexpr size_t kMaxDatabases = 1 << 16;

size_t BytesSize(std::string_view bytes) { return VarintSize(bytes.size()) + bytes.size(); }

char* PutBytes(char* to, std::string_view bytes) {
  to = PutVarint(to, bytes.size());
  CopyBytes(to, bytes);
  return to + bytes.size();
}

static_assert(static_cast<size_t>(Event::kEventCount) <= 0x80, "AddEvent writes one byte");

/// What a record holds behind its key.
struct Shape {
  bool key, field, value, number, number2;
};

constexpr Shape ShapeOf(ChangeOp op) {
  switch (op) {
    case ChangeOp::kSelectDb:
      return {false, false, false, true, false};
    case ChangeOp::kSet:
      return {true, false, true, false, false};
    case ChangeOp::kSetAt:
    case ChangeOp::kSplice:
      return {true, false, true, true, false};
    case ChangeOp::kHashSet:
      return {true, true, true, false, false};
    case ChangeOp::kHashErase:
    case ChangeOp::kSetAdd:
    case ChangeOp::kSetRemove:
      return {true, true, false, false, false};
    case ChangeOp::kErase:
    case ChangeOp::kPersist:
    case ChangeOp::kNewHash:
    case ChangeOp::kNewSet:
      return {true, false, false, false, false};
    case ChangeOp::kExpireAt:
    case ChangeOp::kEvent:
      return {true, false, false, true, false};
    case ChangeOp::kFlushDb:
      return {false, false, false, false, false};
    case ChangeOp::kSwapDb:
      return {false, false, false, true, true};
  }
  return {false, false, false, false, false};
}

bool NumberFits(ChangeOp op, uint64_t number) {
  switch (op) {
    case ChangeOp::kSelectDb:
    case ChangeOp::kSwapDb:
      return number < kMaxDatabases;
    case ChangeOp::kSetAt:
    case ChangeOp::kExpireAt:
      return number <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    case ChangeOp::kEvent:
      return number <= std::numeric_limits<uint8_t>::max();
    default:
      return true;
  }
}

}  // namespace

void ChangeBuffer::Clear() {
  const bool idle = capacity_ > kKeepIdleBytes && size_ < capacity_ / 8;
  size_ = 0;
  key_size_ = kNoKey;
  db_ = kNoDb;
  if (capacity_ > kKeepBytes || idle) {
    bytes_.reset();
    capacity_ = 0;
  }
}

void ChangeBuffer::Grow(size_t wanted) {
  const size_t capacity = std::max({size_ + wanted, 2 * capacity_, size_t{256}});
  std::unique_ptr<char[]> larger(new char[capacity]);
  CopyBytes(larger.get(), view());
  bytes_ = std::move(larger);
  capacity_ = capacity;
}

bool ChangeBuffer::FollowsKey(uint32_t db, std::string_view key) const {
  return db == db_ && key.size() == key_size_ &&
         SameBytes({bytes_.get() + key_offset_, key_size_}, key);
}

char* ChangeBuffer::Start(ChangeOp op, uint32_t db, std::string_view key, size_t payload) {
  constexpr size_t kHeadMax = 1 + kVarintMax + 1 + kVarintMax;
  const size_t wanted = kHeadMax + key.size() + payload;
  if (capacity_ - size_ < wanted) Grow(wanted);
  char* to = bytes_.get() + size_;
  if (db != db_) {
    *to++ = static_cast<char>(ChangeOp::kSelectDb);
    to = PutVarint(to, db);
    db_ = db;
    key_size_ = kNoKey;
  }
  if (FollowsKey(db, key)) {
    *to++ = static_cast<char>(static_cast<uint8_t>(op) | kSameKey);
    return to;
  }
  *to++ = static_cast<char>(op);
  to = PutBytes(to, key);
  key_size_ = key.size();
  key_offset_ = static_cast<size_t>(to - bytes_.get()) - key_size_;
  return to;
}

char* ChangeBuffer::StartKeyless(size_t payload) {
  if (capacity_ - size_ < payload) Grow(payload);
  key_size_ = kNoKey;
  return bytes_.get() + size_;
}

void ChangeBuffer::SetString(uint32_t db, std::string_view key, std::string_view value,
                             int64_t expire_at_ms) {
  const bool at = expire_at_ms != kNoExpiry;
  char* to = Start(at ? ChangeOp::kSetAt : ChangeOp::kSet, db, key, 2 * kVarintMax + value.size());
  to = PutBytes(to, value);
  if (at) to = PutVarint(to, static_cast<uint64_t>(expire_at_ms));
  Finish(to);
}

void ChangeBuffer::Splice(uint32_t db, std::string_view key, uint64_t offset,
                          std::string_view bytes) {
  char* const to = Start(ChangeOp::kSplice, db, key, 2 * kVarintMax + bytes.size());
  Finish(PutVarint(PutBytes(to, bytes), offset));
}

void ChangeBuffer::HashSet(uint32_t db, std::string_view key, std::string_view field,
                           std::string_view value) {
  char* const to = Start(ChangeOp::kHashSet, db, key, BytesSize(field) + BytesSize(value));
  Finish(PutBytes(PutBytes(to, field), value));
}

void ChangeBuffer::HashErase(uint32_t db, std::string_view key, std::string_view field) {
  Finish(PutBytes(Start(ChangeOp::kHashErase, db, key, BytesSize(field)), field));
}

void ChangeBuffer::SetAdd(uint32_t db, std::string_view key, std::string_view member) {
  Finish(PutBytes(Start(ChangeOp::kSetAdd, db, key, BytesSize(member)), member));
}

void ChangeBuffer::SetRemove(uint32_t db, std::string_view key, std::string_view member) {
  Finish(PutBytes(Start(ChangeOp::kSetRemove, db, key, BytesSize(member)), member));
}

void ChangeBuffer::Erase(uint32_t db, std::string_view key) {
  Finish(Start(ChangeOp::kErase, db, key, 0));
}

void ChangeBuffer::ExpireAt(uint32_t db, std::string_view key, int64_t at_ms) {
  char* const to = Start(ChangeOp::kExpireAt, db, key, kVarintMax);
  Finish(PutVarint(to, static_cast<uint64_t>(at_ms)));
}

void ChangeBuffer::Persist(uint32_t db, std::string_view key) {
  Finish(Start(ChangeOp::kPersist, db, key, 0));
}

void ChangeBuffer::NewHash(uint32_t db, std::string_view key) {
  Finish(Start(ChangeOp::kNewHash, db, key, 0));
}

void ChangeBuffer::NewSet(uint32_t db, std::string_view key) {
  Finish(Start(ChangeOp::kNewSet, db, key, 0));
}

void ChangeBuffer::FlushDb(uint32_t db) {
  char* to = StartKeyless(2 + kVarintMax);
  if (db != db_) {
    *to++ = static_cast<char>(ChangeOp::kSelectDb);
    to = PutVarint(to, db);
    db_ = db;
  }
  *to++ = static_cast<char>(ChangeOp::kFlushDb);
  Finish(to);
}

void ChangeBuffer::SwapDb(uint32_t a, uint32_t b) {
  char* const to = StartKeyless(1 + 2 * kVarintMax);
  *to = static_cast<char>(ChangeOp::kSwapDb);
  Finish(PutVarint(PutVarint(to + 1, a), b));
}

void ChangeBuffer::AddEvent(uint32_t db, std::string_view key, Event event) {
  // Nearly every event follows a change of its key: two bytes.
  if (FollowsKey(db, key) && capacity_ - size_ >= 2) {
    bytes_[size_] = static_cast<char>(static_cast<uint8_t>(ChangeOp::kEvent) | kSameKey);
    bytes_[size_ + 1] = static_cast<char>(event);
    size_ += 2;
    return;
  }
  char* const to = Start(ChangeOp::kEvent, db, key, kVarintMax);
  Finish(PutVarint(to, static_cast<uint8_t>(event)));
}

bool ChangeReader::Fail(std::string_view what) {
  status_ = Error{Errc::kCorrupt, "change records: " + std::string(what)};
  at_ = end_;
  return false;
}

bool ChangeReader::TakeNumber(uint64_t& number) {
  return TakeVarintChecked(at_, end_, number) || Fail("a number is cut off");
}

bool ChangeReader::TakeBytes(std::string_view& bytes) {
  uint64_t size = 0;
  if (!TakeNumber(size)) return false;
  if (size > static_cast<uint64_t>(end_ - at_)) return Fail("a string is cut off");
  bytes = {at_, static_cast<size_t>(size)};
  at_ += size;
  return true;
}

bool ChangeReader::TakeBody(ChangeRecord& record) {
  const Shape shape = ShapeOf(record.op);
  if (shape.field && !TakeBytes(record.field)) return false;
  if (shape.value && !TakeBytes(record.value)) return false;
  if (shape.number) {
    if (!TakeNumber(record.number)) return false;
    if (!NumberFits(record.op, record.number)) return Fail("a number is out of range");
  }
  if (shape.number2) {
    if (!TakeNumber(record.number2)) return false;
    if (!NumberFits(record.op, record.number2)) return Fail("a number is out of range");
  }
  return true;
}

bool ChangeReader::Next(ChangeRecord& record) {
  while (at_ != end_) {
    const uint8_t head = static_cast<uint8_t>(*at_++);
    const uint8_t op = head & static_cast<uint8_t>(~kSameKey);
    if (op == 0 || op > static_cast<uint8_t>(ChangeOp::kLast)) return Fail("unknown operation");
    record = {static_cast<ChangeOp>(op), db_, {}, {}, {}, 0, 0};
    const bool same_key = (head & kSameKey) != 0;
    if (ShapeOf(record.op).key) {
      if (!has_db_) return Fail("no database is selected");
      if (same_key && !has_key_) return Fail("no key comes before");
      if (!same_key && !TakeBytes(key_)) return false;
      has_key_ = true;
      record.key = key_;
    } else if (same_key) {
      return Fail("an operation without key refers to one");
    } else {
      has_key_ = false;
    }
    if (!TakeBody(record)) return false;
    if (record.op != ChangeOp::kSelectDb) {
      if (record.op == ChangeOp::kFlushDb && !has_db_) return Fail("no database is selected");
      return true;
    }
    db_ = static_cast<uint32_t>(record.number);
    has_db_ = true;
  }
  return false;
}

}  // namespace tideway::backend
