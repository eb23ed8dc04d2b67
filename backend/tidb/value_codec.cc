#include "backend/tidb/value_codec.h"

#include <algorithm>

#include "backend/data/hash_value.h"
#include "backend/data/keyspace.h"
#include "backend/data/set_value.h"
#include "backend/data/varint.h"

namespace tideway::backend {
namespace {

constexpr char kHashForm = 0x01;
constexpr char kSetForm = 0x02;
constexpr size_t kMembersAStep = 64;

Error Corrupt(std::string what) { return {Errc::kCorrupt, "a row of tw_keys: " + std::move(what)}; }

void AppendElement(std::string& out, std::string_view element) {
  char size[kVarintMax];
  out.append(size, static_cast<size_t>(PutVarint(size, element.size()) - size));
  out += element;
}

/// Walks elements of any origin.
class ElementReader {
 public:
  explicit ElementReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool done() const { return at_ == end_; }
  bool Take(std::string_view& element) {
    uint64_t size = 0;
    if (!TakeVarintChecked(at_, end_, size)) return false;
    if (size > static_cast<uint64_t>(end_ - at_)) return false;
    element = {at_, static_cast<size_t>(size)};
    at_ += size;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

Status CheckForm(std::string_view bytes, char form, std::string_view what) {
  if (bytes.empty()) return Corrupt("the value of a " + std::string(what) + " is missing");
  if (bytes[0] != form)
    return Corrupt("a " + std::string(what) + " in unknown form " +
                   std::to_string(static_cast<uint8_t>(bytes[0])));
  if (bytes.size() == 1) return Corrupt("an empty " + std::string(what));
  return Ok();
}

Status LoadHash(KeyTable& table, Entry* entry, std::string_view bytes) {
  bool twice = false;
  const Status read = ReadHash(bytes, [&](std::string_view field, std::string_view value) {
    twice |= !table.HashSet(entry, field, value);
  });
  if (read.ok() && twice) return Corrupt("a field twice in a hash");
  return read;
}

Status LoadSet(KeyTable& table, Entry* entry, std::string_view bytes) {
  bool twice = false;
  const Status read =
      ReadSet(bytes, [&](std::string_view member) { twice |= !table.SetAdd(entry, member); });
  if (read.ok() && twice) return Corrupt("a member twice in a set");
  return read;
}

// nullopt beyond `bytes_max`.
std::optional<std::string_view> EncodeUpTo(const Entry& entry, size_t bytes_max,
                                           std::string& scratch) {
  if (entry.type() == ValueType::kString) {
    const std::string_view value = entry.string();
    if (value.size() > bytes_max) return std::nullopt;
    return value;
  }
  scratch.clear();
  const auto append = [&](std::string_view element) {
    // One element can be as large as the server takes: it is not copied to be found too large.
    if (scratch.size() + element.size() <= bytes_max)
      AppendElement(scratch, element);
    else
      scratch.resize(bytes_max + 1);
  };
  uint64_t cursor = 0;
  Entry* const handle = const_cast<Entry*>(&entry);  // the handles have no const form; only read
  scratch += entry.type() == ValueType::kHash ? kHashForm : kSetForm;
  do {
    if (entry.type() == ValueType::kHash) {
      cursor = HashValue(handle).Scan(cursor, kMembersAStep,
                                      [&](std::string_view field, std::string_view value) {
                                        append(field);
                                        append(value);
                                      });
    } else {
      cursor = SetValue(handle).Scan(cursor, kMembersAStep, append);
    }
    if (scratch.size() > bytes_max) return std::nullopt;
  } while (cursor != 0);
  return scratch;
}

}  // namespace

Entry* FindEntry(const Keyspace& keyspace, uint64_t hash, uint32_t db, std::string_view key) {
  const KeyTable* const table = keyspace.FindTable(StripeOf(hash), db);
  return table != nullptr ? table->Find(hash, key) : nullptr;
}

std::optional<std::string_view> EncodeInline(const Entry& entry, std::string& scratch) {
  if (entry.key_size() > kRowBytesMax) return std::nullopt;
  const size_t bytes_max = kRowBytesMax - entry.key_size();
  const bool is_string = entry.type() == ValueType::kString;
  return EncodeUpTo(entry, is_string ? bytes_max : std::min(bytes_max, kInlineMembersBytesMax),
                    scratch);
}

Status ReadHash(std::string_view bytes,
                FunctionRef<void(std::string_view field, std::string_view value)> fn) {
  if (Status form = CheckForm(bytes, kHashForm, "hash"); !form.ok()) return form;
  ElementReader reader(bytes.substr(1));
  while (!reader.done()) {
    std::string_view field;
    std::string_view value;
    if (!reader.Take(field)) return Corrupt("a field of a hash is cut off");
    if (!reader.Take(value)) return Corrupt("a value in a hash is cut off");
    fn(field, value);
  }
  return Ok();
}

Status ReadSet(std::string_view bytes, FunctionRef<void(std::string_view member)> fn) {
  if (Status form = CheckForm(bytes, kSetForm, "set"); !form.ok()) return form;
  ElementReader reader(bytes.substr(1));
  while (!reader.done()) {
    std::string_view member;
    if (!reader.Take(member)) return Corrupt("a member of a set is cut off");
    fn(member);
  }
  return Ok();
}

Status LoadInline(Keyspace& keyspace, uint64_t hash, uint32_t db, std::string_view key,
                  const StoredValue& value) {
  if (db >= keyspace.database_count())
    return Error{Errc::kInvalidArgument, "there is no database " + std::to_string(db) +
                                             ", the setting 'databases' is " +
                                             std::to_string(keyspace.database_count())};
  const uint32_t stripe = StripeOf(hash);
  KeyTable& table = keyspace.MakeTable(stripe, db);
  Entry* entry = table.Find(hash, key);
  const bool expires = value.expire_at_ms != kNoExpiry;
  const int64_t at_ms = std::max<int64_t>(value.expire_at_ms, 0);
  Status loaded = Ok();
  if (value.type == static_cast<uint8_t>(ValueType::kString)) {
    entry = table.SetString(hash, key, entry, value.bytes,
                            expires ? ExpiryChange::At(at_ms) : ExpiryChange::Clear());
  } else if (value.type == static_cast<uint8_t>(ValueType::kHash) ||
             value.type == static_cast<uint8_t>(ValueType::kSet)) {
    const ValueType type = static_cast<ValueType>(value.type);
    entry = table.ResetTo(type, hash, key, entry);
    if (expires) entry = table.SetExpiry(hash, entry, at_ms);
    loaded = type == ValueType::kHash ? LoadHash(table, entry, value.bytes)
                                      : LoadSet(table, entry, value.bytes);
  } else {
    loaded = Corrupt("unknown type " + std::to_string(value.type));
  }
  if (!loaded.ok()) {
    if (entry != nullptr) table.Erase(hash, entry);
  } else if (expires) {
    keyspace.NoteDue(stripe, at_ms);
  }
  return loaded;
}

}  // namespace tideway::backend
