// Replaying change records: the recovery side of backend/data/change.h.
#include <string>

#include "backend/data/hash_value.h"
#include "backend/data/keyspace.h"
#include "backend/data/set_value.h"

namespace tideway::backend {
namespace {

/// Applies records of one sequence, one by one.
class Applier {
 public:
  Applier(Keyspace& keyspace, size_t string_bytes_max)
      : keyspace_(keyspace), string_bytes_max_(string_bytes_max) {}

  Status Apply(const ChangeRecord& record);

 private:
  struct Place {
    KeyTable* table;
    uint32_t stripe;
    uint64_t hash;
    Entry* entry;
  };
  Place Find(const ChangeRecord& record);
  Status Write(const ChangeRecord& record);
  void Change(const ChangeRecord& record);
  /// The entry, made an empty value of the type when it is of another one or absent.
  Entry* Of(ValueType type, Place& place, std::string_view key);

  Keyspace& keyspace_;
  size_t string_bytes_max_;
};

Status NoSuchDatabase(uint64_t db, uint32_t count) {
  return Error{Errc::kInvalidArgument, "the data use database " + std::to_string(db) +
                                           ", but the setting 'databases' is " +
                                           std::to_string(count)};
}

Applier::Place Applier::Find(const ChangeRecord& record) {
  const uint64_t hash = KeyHash(record.key);
  const uint32_t stripe = StripeOf(hash);
  KeyTable* const table = keyspace_.FindTable(stripe, record.db);
  return {table, stripe, hash, table != nullptr ? table->Find(hash, record.key) : nullptr};
}

Entry* Applier::Of(ValueType type, Place& place, std::string_view key) {
  if (place.entry == nullptr || place.entry->type() != type)
    place.entry = place.table->ResetTo(type, place.hash, key, place.entry);
  return place.entry;
}

/// Records that may create the key.
Status Applier::Write(const ChangeRecord& record) {
  Place place = Find(record);
  if (place.table == nullptr) place.table = &keyspace_.MakeTable(place.stripe, record.db);
  KeyTable& table = *place.table;
  const int64_t at_ms = static_cast<int64_t>(record.number);
  switch (record.op) {
    case ChangeOp::kSet:
      table.SetString(place.hash, record.key, place.entry, record.value, ExpiryChange::Clear());
      break;
    case ChangeOp::kSetAt:
      table.SetString(place.hash, record.key, place.entry, record.value, ExpiryChange::At(at_ms));
      keyspace_.NoteDue(place.stripe, at_ms);
      break;
    case ChangeOp::kSplice:
      if (record.number > string_bytes_max_ ||
          record.value.size() > string_bytes_max_ - record.number)
        return Error{Errc::kCorrupt, "change records: a string is too long"};
      if (place.entry != nullptr && place.entry->type() != ValueType::kString) {
        table.Erase(place.hash, place.entry);
        place.entry = nullptr;
      }
      table.Splice(place.hash, record.key, place.entry, record.number, record.value);
      break;
    case ChangeOp::kHashSet:
      table.HashSet(Of(ValueType::kHash, place, record.key), record.field, record.value);
      break;
    case ChangeOp::kSetAdd:
      table.SetAdd(Of(ValueType::kSet, place, record.key), record.field);
      break;
    case ChangeOp::kNewHash:
      table.ResetTo(ValueType::kHash, place.hash, record.key, place.entry);
      break;
    default:
      table.ResetTo(ValueType::kSet, place.hash, record.key, place.entry);
  }
  return Ok();
}

/// Records that say something about a key that is there: nothing to do when it is not.
void Applier::Change(const ChangeRecord& record) {
  const Place place = Find(record);
  if (place.entry == nullptr) return;
  KeyTable& table = *place.table;
  switch (record.op) {
    case ChangeOp::kHashErase:
      if (place.entry->type() == ValueType::kHash) table.HashErase(place.entry, record.field);
      break;
    case ChangeOp::kSetRemove:
      if (place.entry->type() == ValueType::kSet) table.SetRemove(place.entry, record.field);
      break;
    case ChangeOp::kErase:
      table.Erase(place.hash, place.entry);
      break;
    case ChangeOp::kExpireAt:
      table.SetExpiry(place.hash, place.entry, static_cast<int64_t>(record.number));
      keyspace_.NoteDue(place.stripe, static_cast<int64_t>(record.number));
      break;
    default:
      if (place.entry->has_expiry()) table.ClearExpiry(place.hash, place.entry);
  }
}

Status Applier::Apply(const ChangeRecord& record) {
  const uint32_t databases = keyspace_.database_count();
  if (record.op == ChangeOp::kSwapDb) {
    if (record.number >= databases) return NoSuchDatabase(record.number, databases);
    if (record.number2 >= databases) return NoSuchDatabase(record.number2, databases);
    keyspace_.Swap(static_cast<uint32_t>(record.number), static_cast<uint32_t>(record.number2));
    return Ok();
  }
  if (record.db >= databases) return NoSuchDatabase(record.db, databases);
  switch (record.op) {
    case ChangeOp::kSet:
    case ChangeOp::kSetAt:
    case ChangeOp::kSplice:
    case ChangeOp::kHashSet:
    case ChangeOp::kSetAdd:
    case ChangeOp::kNewHash:
    case ChangeOp::kNewSet:
      return Write(record);
    case ChangeOp::kHashErase:
    case ChangeOp::kSetRemove:
    case ChangeOp::kErase:
    case ChangeOp::kExpireAt:
    case ChangeOp::kPersist:
      Change(record);
      return Ok();
    case ChangeOp::kFlushDb:
      keyspace_.Flush(record.db);
      return Ok();
    default:
      return Ok();  // events say nothing about the state
  }
}

}  // namespace

Status ApplyChanges(Keyspace& keyspace, std::string_view records) {
  Applier applier(keyspace, keyspace.string_bytes_max());
  ChangeReader reader(records);
  ChangeRecord record;
  while (reader.Next(record)) {
    if (Status applied = applier.Apply(record); !applied.ok()) return applied;
  }
  return reader.status();
}

}  // namespace tideway::backend
