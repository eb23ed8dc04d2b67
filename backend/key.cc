#include "backend/key.h"

#include <algorithm>

#include "backend/data/hash_value.h"
#include "backend/data/integer.h"
#include "backend/data/keyspace.h"
#include "backend/data/set_value.h"
#include "backend/data/stable_scan.h"
#include "backend/view.h"

namespace tideway::backend {
namespace {

constexpr size_t kEmbeddedStringMax = 44;  // bytes; Redis's OBJ_ENCODING_EMBSTR_SIZE_LIMIT
constexpr size_t kSlotShare = 12;          // bytes of index a key, at the usual load

std::string_view StringEncodingName(const Entry& entry) {
  if (entry.is_raw()) return "raw";
  const std::string_view value = entry.string();
  if (value.size() > kEmbeddedStringMax) return "raw";
  return !entry.is_text() && ParseCanonicalInteger(value) ? "int" : "embstr";
}

}  // namespace

std::string_view TypeName(ValueType type) {
  constexpr std::string_view kNames[] = {"none", "string", "hash", "set"};
  return kNames[static_cast<size_t>(type)];
}

ValueType Key::type() const { return exists() ? entry_->type() : ValueType::kNone; }

int64_t Key::expire_at_ms() const { return exists() ? entry_->expire_at_ms() : kNoExpiry; }

std::string_view Key::EncodingName() const {
  switch (type()) {
    case ValueType::kString:
      return StringEncodingName(*entry_);
    case ValueType::kHash:
      return entry_->encoding() == Encoding::kPacked ? "listpack" : "hashtable";
    case ValueType::kSet:
      return entry_->encoding() == Encoding::kIntSet ? "intset" : "hashtable";
    case ValueType::kNone:
      break;
  }
  return "none";
}

size_t Key::MemoryUsage() const {
  if (!exists()) return 0;
  return KeyTable::EntryBytes(*entry_) + kSlotShare +
         (entry_->has_expiry() ? sizeof(ExpiryHeap::Item) : 0);
}

int64_t Key::IdleSeconds() const {
  return exists() ? (view_->access_clock_ - entry_->access_clock()) & 0xffffff : 0;
}

KeyTable& Key::MutableTable() {
  if (table_ == nullptr) table_ = &view_->keyspace_->MakeTable(StripeOf(hash_), db_);
  if (!exists() && !view_->expire_writes_) {
    // What reads as absent may be a due key that was left in place. It goes before a new one comes.
    Entry* const hidden = table_->Find(hash_, name_);
    if (hidden != nullptr) view_->Expire(db_, *table_, hash_, hidden);
  }
  return *table_;
}

void Key::Changed(Entry* entry, bool created) {
  entry_ = entry;
  if (entry != nullptr) entry->set_access_clock(view_->access_clock_);
  WatchRegistry& watches = view_->keyspace_->stripe(StripeOf(hash_)).watches;
  if (!watches.empty()) watches.Touch(db_, name_);
  if (created && (view_->event_filter_ & kNotifyNew)) view_->PushEvent(Event::kNew, db_, name_);
}

void Key::Erase() {
  view_->changes_.Erase(db_, name_);
  Entry* const entry = entry_;
  Changed(nullptr, false);
  table_->Erase(hash_, entry);
}

bool Key::EraseIfEmpty() {
  const bool empty = (type() == ValueType::kHash && HashSize() == 0) ||
                     (type() == ValueType::kSet && SetSize() == 0);
  if (empty) Erase();
  return empty;
}

void Key::SetExpiry(int64_t at_ms) {
  at_ms = std::max<int64_t>(at_ms, 0);
  Changed(table_->SetExpiry(hash_, entry_, at_ms), false);
  view_->keyspace_->NoteDue(StripeOf(hash_), at_ms);
  view_->changes_.ExpireAt(db_, name_, at_ms);
}

bool Key::ClearExpiry() {
  if (!exists() || !entry_->has_expiry()) return false;
  Changed(table_->ClearExpiry(hash_, entry_), false);
  view_->changes_.Persist(db_, name_);
  return true;
}

void Key::Arrived(Entry* entry) {
  Changed(entry, true);
  if (entry->has_expiry()) view_->keyspace_->NoteDue(StripeOf(hash_), entry->expire_at_ms());
  EncodeValue(db_, name_, *entry, view_->changes_);
}

void Key::MoveTo(Key& target) {
  if (db_ == target.db_ && name_ == target.name_) return;
  KeyTable& target_table = target.MutableTable();
  Entry* const taken = table_->Take(hash_, entry_);
  target.Arrived(target_table.PutTaken(target.hash_, target.name_, target.entry_, taken));
  view_->changes_.Erase(db_, name_);
  Changed(nullptr, false);
}

void Key::CopyTo(Key& target) const {
  if (db_ == target.db_ && name_ == target.name_) return;
  target.Arrived(target.MutableTable().PutCopy(target.hash_, target.name_, target.entry_, *entry_));
}

std::string_view Key::String() const { return entry_->string(); }

void Key::SetString(std::string_view value, ExpiryChange expiry) {
  if (expiry.kind == ExpiryChange::Kind::kAt) expiry.at_ms = std::max<int64_t>(expiry.at_ms, 0);
  const bool created = !exists();
  Changed(MutableTable().SetString(hash_, name_, entry_, value, expiry), created);
  if (expiry.kind == ExpiryChange::Kind::kAt)
    view_->keyspace_->NoteDue(StripeOf(hash_), expiry.at_ms);
  view_->changes_.SetString(db_, name_, value, entry_->expire_at_ms());
}

void Key::MarkAsText() { entry_->set_text(); }

void Key::SpliceString(size_t offset, std::string_view bytes) {
  if (!exists()) SetString({}, ExpiryChange::Clear());
  Changed(table_->Splice(hash_, name_, entry_, offset, bytes), false);
  view_->changes_.Splice(db_, name_, offset, bytes);
}

size_t Key::HashSize() const { return exists() ? HashValue(entry_).size() : 0; }

std::optional<std::string_view> Key::HashGet(std::string_view field) const {
  if (!exists()) return std::nullopt;
  return HashValue(entry_).Get(field);
}

bool Key::HashSet(std::string_view field, std::string_view value) {
  if (!exists()) ResetToHash();
  const bool added = table_->HashSet(entry_, field, value);
  Changed(entry_, false);
  view_->changes_.HashSet(db_, name_, field, value);
  return added;
}

bool Key::HashErase(std::string_view field) {
  if (!exists() || !table_->HashErase(entry_, field)) return false;
  Changed(entry_, false);
  view_->changes_.HashErase(db_, name_, field);
  return true;
}

void Key::VisitHash(FunctionRef<void(std::string_view, std::string_view)> fn) const {
  if (exists()) HashValue(entry_).ForEach(fn);
}

uint64_t Key::HashScan(uint64_t cursor, size_t count,
                       const std::function<void(std::string_view, std::string_view)>& fn) const {
  if (!exists()) return 0;
  if (!view_->stable_scans_ || entry_->encoding() != Encoding::kTable) {
    return HashValue(entry_).Scan(cursor, count, fn);
  }
  StableScan scan(cursor, count);
  VisitHash([&](std::string_view field, std::string_view value) { scan.Add(field, value); });
  return scan.Tell(fn);
}

std::pair<std::string_view, std::string_view> Key::HashRandom(uint64_t random) const {
  return HashValue(entry_).Random(random);
}

void Key::ResetToHash() {
  const bool created = !exists();
  Changed(MutableTable().ResetTo(ValueType::kHash, hash_, name_, entry_), created);
  view_->changes_.NewHash(db_, name_);
}

size_t Key::SetSize() const { return exists() ? SetValue(entry_).size() : 0; }

bool Key::SetContains(std::string_view member) const {
  return exists() && SetValue(entry_).Contains(member);
}

bool Key::SetAdd(std::string_view member) {
  if (!exists()) ResetToSet();
  if (!table_->SetAdd(entry_, member)) return false;
  Changed(entry_, false);
  view_->changes_.SetAdd(db_, name_, member);
  return true;
}

bool Key::SetRemove(std::string_view member) {
  if (!exists() || !table_->SetRemove(entry_, member)) return false;
  Changed(entry_, false);
  view_->changes_.SetRemove(db_, name_, member);
  return true;
}

void Key::VisitSet(FunctionRef<void(std::string_view)> fn) const {
  if (exists()) SetValue(entry_).ForEach(fn);
}

uint64_t Key::SetScan(uint64_t cursor, size_t count,
                      const std::function<void(std::string_view)>& fn) const {
  if (!exists()) return 0;
  if (!view_->stable_scans_ || entry_->encoding() != Encoding::kTable) {
    return SetValue(entry_).Scan(cursor, count, fn);
  }
  StableScan scan(cursor, count);
  VisitSet([&](std::string_view member) { scan.Add(member); });
  return scan.Tell([&](std::string_view member, std::string_view) { fn(member); });
}

std::string Key::SetRandom(uint64_t random) const { return SetValue(entry_).Random(random); }

void Key::ResetToSet() {
  const bool created = !exists();
  Changed(MutableTable().ResetTo(ValueType::kSet, hash_, name_, entry_), created);
  view_->changes_.NewSet(db_, name_);
}

}  // namespace tideway::backend
