#include "backend/tidb/large_load.h"

#include <algorithm>
#include <utility>

#include "backend/data/key_hash.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/value_codec.h"

namespace tideway::backend {
namespace {

using Row = std::span<const SqlRows::Value>;

constexpr std::string_view kSelectParts = "SELECT incarnation,part,f,v FROM tw_parts WHERE ";

std::string_view BytesOf(const SqlRows::Value& value) {
  return value ? std::string_view(*value) : std::string_view();
}

std::string_view BytesOf(const MemberHash& hash) { return {hash.data(), hash.size()}; }

bool IsString(uint8_t type) { return type == static_cast<uint8_t>(ValueType::kString); }

// An empty hash or set in the form that can hide members.
Entry* MakeEmpty(Keyspace& keyspace, const LargeLoad::Value& value) {
  const uint64_t hash = KeyHash(value.key);
  const uint32_t stripe = Keyspace::StripeOf(hash);
  KeyTable& table = keyspace.MakeTable(stripe, value.db);
  Entry* entry = table.ResetTo(static_cast<ValueType>(value.type), hash, value.key,
                               table.Find(hash, value.key));
  if (value.expire_at_ms != kNoExpiry) {
    const int64_t at_ms = std::max<int64_t>(value.expire_at_ms, 0);
    entry = table.SetExpiry(hash, entry, at_ms);
    keyspace.NoteDue(stripe, at_ms);
  }
  table.ShowPartly(entry, 0);
  return entry;
}

}  // namespace

void LargeLoad::Clear() {
  values_.clear();
  wanted_.clear();
  by_incarnation_.clear();
}

bool LargeLoad::Found(const KeyRow& row) {
  const std::optional<LargeSize> size = ReadLargeSize(row.value);
  const bool is_set = row.type == static_cast<uint32_t>(ValueType::kSet);
  const bool has_members = row.type == static_cast<uint32_t>(ValueType::kHash) || is_set;
  if (row.type > static_cast<uint32_t>(ValueType::kSet) || row.type == 0) return false;
  if (!size || size->members.has_value() != has_members || size->members == 0) return false;
  const auto [known, fresh] = by_incarnation_.emplace(*row.incarnation, values_.size());
  // A key may be asked for twice, locked and not; but no incarnation has two keys.
  if (!fresh) return values_[known->second].db == row.db && values_[known->second].key == row.key;
  values_.push_back({row.db, std::string(row.key), static_cast<uint8_t>(row.type), row.expire_at_ms,
                     *row.incarnation, *size});
  return true;
}

const LargeLoad::Value* LargeLoad::Find(uint32_t db, std::string_view key) const {
  for (const Value& value : values_) {
    if (value.db == db && value.key == key) return &value;
  }
  return nullptr;
}

// --- what of them is wanted

Status LargeLoad::Plan(std::span<TidbBatch* const> batches, Keyspace& keyspace) {
  wanted_.assign(values_.size(), {});
  if (values_.empty()) return Ok();
  for (const TidbBatch* batch : batches) Want(*batch);
  for (size_t i = 0; i < values_.size(); ++i) {
    Wanted& wanted = wanted_[i];
    if (wanted.scope == ReadScope::kMembers && IsString(values_[i].type)) {
      wanted.scope = ReadScope::kRow;  // the command will say that it is no hash
    }
    if (wanted.scope == ReadScope::kRow) ShowRow(values_[i], keyspace);
    std::sort(wanted.members.begin(), wanted.members.end());
    wanted.members.erase(std::unique(wanted.members.begin(), wanted.members.end()),
                         wanted.members.end());
  }
  return CheckSize();
}

void LargeLoad::Want(const TidbBatch& batch) {
  auto member = batch.members.begin();
  for (uint32_t i = 0; i < batch.reads.size(); ++i) {
    const Read& read = batch.reads[i];
    const auto first = member;
    while (member != batch.members.end() && member->read == i) ++member;
    const Value* const value = Find(read.db, read.key);
    if (value == nullptr) continue;
    Wanted& wanted = wanted_[static_cast<size_t>(value - values_.data())];
    wanted.scope = std::max(wanted.scope, read.scope);
    for (auto at = first; at != member; ++at) {
      if (at->count > 0) {
        // One more than it tells, which says where the next step begins.
        constexpr uint64_t kCountMax = 1'000'000;
        wanted.pages.push_back({at->cursor, std::min(at->count, kCountMax) + 1});
      } else {
        wanted.members.push_back(at->member);
      }
    }
  }
}

Status LargeLoad::CheckSize() const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < values_.size(); ++i) {
    const LargeSize& size = values_[i].size;
    if (wanted_[i].scope >= ReadScope::kKey) bytes += size.bytes;
    if (wanted_[i].scope != ReadScope::kMembers) continue;
    // Members by the mean of all.
    uint64_t members = wanted_[i].members.size();
    for (const Page& page : wanted_[i].pages) members += page.count;
    bytes += size.bytes / *size.members * std::min(members, *size.members);
  }
  if (bytes <= whole_bytes_max_) return Ok();
  return Error{Errc::kTooLarge,
               "ERR " + std::to_string(bytes) + " bytes to be read at once are more than " +
                   std::to_string(whole_bytes_max_) +
                   " (value-bytes-max); HSCAN and SSCAN with a smaller COUNT read them in steps"};
}

void LargeLoad::ShowRow(const Value& value, Keyspace& keyspace) {
  const uint64_t hash = KeyHash(value.key);
  if (IsString(value.type)) {
    (void)LoadInline(keyspace, hash, value.db, value.key,
                     {.type = value.type, .expire_at_ms = value.expire_at_ms});
    FindEntry(keyspace, hash, value.db, value.key)->set_raw();
    return;
  }
  Entry* const entry = MakeEmpty(keyspace, value);
  keyspace.FindTable(Keyspace::StripeOf(hash), value.db)->ShowPartly(entry, *value.size.members);
}

// --- the second packet

bool LargeLoad::wants_more() const {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [](const Wanted& wanted) { return wanted.scope > ReadScope::kRow; });
}

void LargeLoad::AppendSelects(SqlText& sql) {
  std::string text;
  const auto append_list = [&](std::string_view head, auto add) {
    text.clear();
    SqlText items(text);
    items.Sql(head).Sql(" IN ");
    SqlList list(items);
    for (size_t i = 0; i < values_.size(); ++i) add(list, values_[i], wanted_[i]);
    if (list.count() == 0) return false;
    list.PadToPowerOfTwo();
    list.Close();
    sql.Sql(text);
    return true;
  };
  const std::string parts(kSelectParts);
  whole_selected_ =
      append_list(parts + "incarnation", [](SqlList& list, const Value& value, const Wanted& w) {
        if (w.scope >= ReadScope::kKey) list.Next().Number(value.incarnation);
      });
  if (whole_selected_) sql.Sql(" ORDER BY incarnation,part;");
  members_selected_ = append_list(
      parts + "(incarnation,part)", [](SqlList& list, const Value& value, const Wanted& w) {
        if (w.scope != ReadScope::kMembers) return;
        for (const std::string_view member : w.members) {
          SqlText& item = list.Next().Sql("(").Number(value.incarnation).Sql(",");
          item.Bytes(BytesOf(HashMember(member))).Sql(")");
        }
      });
  if (members_selected_) sql.Sql(";");
  pages_selected_ = 0;
  for (size_t i = 0; i < values_.size(); ++i) {
    if (wanted_[i].scope != ReadScope::kMembers) continue;
    for (const Page& page : wanted_[i].pages) {
      sql.Sql(kSelectParts).Sql("incarnation=").Number(values_[i].incarnation);
      sql.Sql(" AND part>=").Bytes(BytesOf(FirstHashAt(page.cursor)));
      sql.Sql(" ORDER BY part LIMIT ").Number(page.count).Sql(";");
      ++pages_selected_;
    }
  }
}

bool LargeLoad::SelectsAs(const LargeLoad& other) {
  const bool same = values_.size() == other.values_.size() &&
                    std::all_of(values_.begin(), values_.end(), [&](const Value& value) {
                      return other.by_incarnation_.contains(value.incarnation);
                    });
  whole_selected_ = other.whole_selected_;
  members_selected_ = other.members_selected_;
  pages_selected_ = other.pages_selected_;
  return same;
}

LargeLoad::Value* LargeLoad::OfIncarnation(const SqlRows::Value& number) {
  const auto found = by_incarnation_.find(NumberOf<uint64_t>(number, 0));
  return found == by_incarnation_.end() ? nullptr : &values_[found->second];
}

Status LargeLoad::Take(std::span<const SqlRows> results, Keyspace& keyspace) {
  const size_t whole = whole_selected_ ? 1 : 0;
  const size_t expected = whole + (members_selected_ ? 1 : 0) + pages_selected_;
  if (results.size() < expected) {
    return Error{Errc::kIo, "ERR the database answered with " + std::to_string(results.size()) +
                                " results instead of " + std::to_string(expected)};
  }
  std::vector<std::string> strings(values_.size());
  for (size_t i = 0; i < values_.size(); ++i) {
    const bool shown = wanted_[i].scope > ReadScope::kRow && !IsString(values_[i].type);
    if (shown) MakeEmpty(keyspace, values_[i]);
  }
  if (members_selected_) {
    if (Status names = CheckNames(results[whole]); !names.ok()) return names;
  }
  if (whole_selected_) TakeStrings(results[0], strings);
  for (size_t i = 0; i < expected; ++i) {
    if (Status taken = TakeMembers(results[i], keyspace); !taken.ok()) return taken;
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    if (Status shown = Show(i, strings[i], keyspace); !shown.ok()) return shown;
  }
  return Ok();
}

// A row stands at the hash of its member. One of another name there is another program's, or two
// names have one hash: then neither can be told from the other.
Status LargeLoad::CheckNames(const SqlRows& rows) const {
  std::unordered_map<std::string, std::string_view> names;
  for (const Wanted& wanted : wanted_) {
    for (const std::string_view member : wanted.members) {
      names.emplace(BytesOf(HashMember(member)), member);
    }
  }
  bool wrong = false;
  rows.ForEach([&](Row row) {
    const auto name = names.find(std::string(BytesOf(row[1])));
    wrong = wrong || name == names.end() || name->second != BytesOf(row[2]);
  });
  if (!wrong) return Ok();
  return Error{Errc::kCorrupt, "ERR tw_parts holds another field or member in place of this one"};
}

void LargeLoad::TakeStrings(const SqlRows& rows, std::vector<std::string>& strings) const {
  rows.ForEach([&](Row row) {
    const auto found = by_incarnation_.find(NumberOf<uint64_t>(row[0], 0));
    if (found == by_incarnation_.end() || !IsString(values_[found->second].type)) return;
    strings[found->second] += BytesOf(row[3]);
  });
}

Status LargeLoad::TakeMembers(const SqlRows& rows, Keyspace& keyspace) {
  bool broken = false;
  rows.ForEach([&](Row row) {
    const Value* const value = OfIncarnation(row[0]);
    if (value == nullptr || IsString(value->type)) return;
    broken = broken || !row[2];
    const uint64_t hash = KeyHash(value->key);
    KeyTable& table = *keyspace.FindTable(Keyspace::StripeOf(hash), value->db);
    Entry* const entry = table.Find(hash, value->key);
    if (entry->type() == ValueType::kHash) {
      table.HashSet(entry, BytesOf(row[2]), BytesOf(row[3]));
    } else {
      table.SetAdd(entry, BytesOf(row[2]));
    }
  });
  if (!broken) return Ok();
  return Error{Errc::kCorrupt, "ERR a row of tw_parts has no member"};
}

Status LargeLoad::Show(size_t number, std::string_view string, Keyspace& keyspace) {
  Value& value = values_[number];
  const ReadScope scope = wanted_[number].scope;
  if (scope <= ReadScope::kRow) return Ok();
  const uint64_t hash = KeyHash(value.key);
  if (IsString(value.type)) {
    if (string.size() != value.size.bytes) {
      return Error{Errc::kCorrupt, "ERR tw_parts holds a large value in part only"};
    }
    return LoadInline(keyspace, hash, value.db, value.key,
                      {.type = value.type, .expire_at_ms = value.expire_at_ms, .bytes = string});
  }
  Entry* const entry = FindEntry(keyspace, hash, value.db, value.key);
  value.shown_bytes = MemberBytes(*entry);
  uint64_t shown = 0;
  ForEachMember(*entry, [&](std::string_view, std::optional<std::string_view>) { ++shown; });
  if (scope >= ReadScope::kKey) {
    if (shown == 0) return Error{Errc::kCorrupt, "ERR tw_parts holds nothing of a large value"};
    value.size = {value.shown_bytes, shown};  // what there is, whatever the row says
    return Ok();
  }
  const uint64_t members = *value.size.members;
  keyspace.FindTable(Keyspace::StripeOf(hash), value.db)
      ->ShowPartly(entry, members > shown ? members - shown : 0);
  return Ok();
}

}  // namespace tideway::backend
