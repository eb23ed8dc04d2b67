#include "backend/tidb/touched_keys.h"

#include <algorithm>
#include <bit>

#include "backend/data/change.h"
#include "backend/data/key_hash.h"
#include "backend/data/memory.h"

namespace tideway::backend {
namespace {

bool ReplacesValue(ChangeOp op) {
  switch (op) {
    case ChangeOp::kHashSet:
    case ChangeOp::kHashErase:
    case ChangeOp::kSetAdd:
    case ChangeOp::kSetRemove:
    case ChangeOp::kExpireAt:
    case ChangeOp::kPersist:
    case ChangeOp::kEvent:
      return false;
    default:
      return true;
  }
}

}  // namespace

void TouchedKeys::Clear() {
  if (keys_.capacity() > kKeepKeys || notes_.capacity() > kKeepKeys) *this = {};
  keys_.clear();
  notes_of_.clear();
  notes_.clear();
  flushed_.clear();
  text_.clear();
  events_bytes_ = 0;
  longest_events_bytes_ = 0;
  last_ = kNone;
  swapped_ = false;
}

Status TouchedKeys::Add(std::string_view records) {
  last_ = kNone;
  ChangeReader reader(records);
  ChangeRecord record;
  while (reader.Next(record)) {
    if (record.op == ChangeOp::kFlushDb) {
      Flush(record.db);
      continue;
    }
    if (record.op == ChangeOp::kSwapDb) {
      swapped_ = true;
      last_ = kNone;
      continue;
    }
    const uint32_t number = Touch(record.db, record.key);
    keys_[number].flushed = false;
    if (ReplacesValue(record.op)) keys_[number].replaced = true;
    if (record.op != ChangeOp::kEvent) continue;
    if (record.number == 0 || record.number >= static_cast<uint64_t>(Event::kEventCount))
      return Error{Errc::kCorrupt,
                   "change records: there is no event " + std::to_string(record.number)};
    Append(number, static_cast<Event>(record.number));
  }
  return reader.status();
}

std::span<const TouchedKey> TouchedKeys::Keys() {
  text_.clear();
  text_.reserve(events_bytes_);  // so that the views stay
  for (size_t i = 0; i < keys_.size(); ++i) {
    const size_t from = text_.size();
    for (uint32_t note = notes_of_[i].first; note != kNone; note = notes_[note].next) {
      if (text_.size() > from) text_ += ',';
      text_ += EventName(notes_[note].event);
    }
    keys_[i].events = std::string_view(text_).substr(from);
  }
  return keys_;
}

bool TouchedKeys::Is(uint32_t number, uint64_t hash, uint32_t db, std::string_view key) const {
  const TouchedKey& at = keys_[number];
  return at.hash == hash && at.db == db && SameBytes(at.key, key);
}

size_t TouchedKeys::SlotOf(uint64_t hash, uint32_t db) const {
  return (hash + db) & (index_.size() - 1);
}

uint32_t TouchedKeys::Find(uint64_t hash, uint32_t db, std::string_view key) const {
  if (keys_.size() <= kScanMax) {  // the index is not begun
    for (uint32_t number = 0; number < keys_.size(); ++number)
      if (Is(number, hash, db, key)) return number;
    return kNone;
  }
  for (size_t slot = SlotOf(hash, db);; slot = (slot + 1) & (index_.size() - 1)) {
    const uint32_t number = index_[slot];
    if (number == kNone || Is(number, hash, db, key)) return number;
  }
}

void TouchedKeys::PutInIndex(uint32_t number) {
  size_t slot = SlotOf(keys_[number].hash, keys_[number].db);
  while (index_[slot] != kNone) slot = (slot + 1) & (index_.size() - 1);
  index_[slot] = number;
}

/// Begins the index with the keys so far. It starts small in each transaction: emptying one that a
/// large transaction needed would cost all small ones after it.
void TouchedKeys::FillIndex() {
  index_.assign(std::bit_ceil(4 * keys_.size()), kNone);
  for (uint32_t number = 0; number < keys_.size(); ++number) PutInIndex(number);
}

uint32_t TouchedKeys::Touch(uint32_t db, std::string_view key) {
  // Most records are about the key of the record before, and the reader tells the same bytes then.
  if (last_ != kNone && keys_[last_].db == db && keys_[last_].key.data() == key.data() &&
      keys_[last_].key.size() == key.size())
    return last_;
  const uint64_t hash = KeyHash(key);
  last_ = Find(hash, db, key);
  if (last_ != kNone) return last_;
  last_ = static_cast<uint32_t>(keys_.size());
  keys_.push_back({hash, db, false, false, key, {}});
  notes_of_.emplace_back();
  if (keys_.size() <= kScanMax) return last_;
  if (keys_.size() == kScanMax + 1 || 2 * keys_.size() > index_.size()) {
    FillIndex();
  } else {
    PutInIndex(last_);
  }
  return last_;
}

void TouchedKeys::Flush(uint32_t db) {
  last_ = kNone;
  if (std::find(flushed_.begin(), flushed_.end(), db) == flushed_.end()) flushed_.push_back(db);
  for (TouchedKey& key : keys_)
    if (key.db == db) key.flushed = true;
}

void TouchedKeys::Append(uint32_t number, Event event) {
  Notes& list = notes_of_[number];
  const uint32_t note = static_cast<uint32_t>(notes_.size());
  notes_.push_back({event, kNone});
  if (list.first == kNone) {
    list.first = note;
  } else {
    notes_[list.last].next = note;
  }
  const size_t bytes = EventName(event).size() + (list.bytes > 0 ? 1 : 0);
  list.last = note;
  list.bytes += bytes;
  events_bytes_ += bytes;
  longest_events_bytes_ = std::max(longest_events_bytes_, list.bytes);
}

}  // namespace tideway::backend
