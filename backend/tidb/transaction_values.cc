// The part of Transaction that writes values: into the row while small, else into tw_parts.
#include <set>

#include "backend/data/change.h"
#include "backend/data/hash_value.h"
#include "backend/data/set_value.h"
#include "backend/tidb/large_value.h"
#include "backend/tidb/transaction.h"
#include "backend/tidb/value_codec.h"

namespace tideway::backend {
namespace {

Error TooLarge(size_t bytes, size_t limit, std::string_view which) {
  return {Errc::kTooLarge, "ERR value of " + std::to_string(bytes) + " bytes is larger than " +
                               std::to_string(limit) + " bytes (" + std::string(which) + ")"};
}

Status CheckMember(std::string_view member, std::string_view value) {
  const size_t bytes = member.size() + value.size();
  if (bytes <= kMemberBytesMax) return Ok();
  return TooLarge(bytes, kMemberBytesMax, "a row of TiDB, which holds a field with its value");
}

uint64_t MembersOf(const Entry& entry) {
  Entry* const handle = const_cast<Entry*>(&entry);
  return entry.type() == ValueType::kHash ? HashValue(handle).size() : SetValue(handle).size();
}

bool ChangesMember(ChangeOp op) {
  return op == ChangeOp::kHashSet || op == ChangeOp::kHashErase || op == ChangeOp::kSetAdd ||
         op == ChangeOp::kSetRemove;
}

}  // namespace

Status Transaction::AppendValue(const TouchedKey& touched, const Entry& entry, PartsWriter& parts,
                                SqlKeyRow& row) {
  row.type = static_cast<uint8_t>(entry.type());
  if (entry.has_expiry()) row.expire_at_ms = entry.expire_at_ms();
  const LargeLoad::Value* const large =
      touched.replaced ? nullptr : large_.Find(touched.db, touched.key);
  if (large == nullptr) {
    row.value = EncodeInline(entry, value_);
    return row.value ? Ok() : AppendNewLarge(entry, parts, row);
  }
  // Large it stays, whatever is left of it.
  LargeSize size = large->size;
  if (size.members) {
    if (Status changes = AppendMemberChanges(*large, entry, parts); !changes.ok()) return changes;
    size.members = MembersOf(entry);
    size.bytes += MemberBytes(entry) - large->shown_bytes;
  }
  row.incarnation = large->incarnation;
  row.value = large_size_ = LargeSizeText(size);
  return Ok();
}

Status Transaction::AppendNewLarge(const Entry& entry, PartsWriter& parts, SqlKeyRow& row) {
  if (large_written_ == kLargeValuesMax) {
    return Error{Errc::kTooLarge, "ERR more than " + std::to_string(kLargeValuesMax) +
                                      " new values over " + std::to_string(kRowBytesMax) +
                                      " bytes in one transaction"};
  }
  const uint64_t incarnation = IncarnationOf(start_ts_, large_written_++);
  LargeSize size;
  Status taken = Ok();
  if (entry.type() == ValueType::kString) {
    size.bytes = entry.string().size();
  } else {
    size.bytes = MemberBytes(entry);
    size.members = MembersOf(entry);
  }
  if (size.bytes > value_bytes_max_) {
    return TooLarge(size.bytes, value_bytes_max_, "value-bytes-max");
  }
  parts.Begin(incarnation, row.key);
  if (entry.type() == ValueType::kString) {
    const std::string_view value = entry.string();
    for (uint32_t number = 0; number * kPartBytes < value.size(); ++number) {
      parts.PutPiece(incarnation, number, value.substr(number * kPartBytes, kPartBytes));
    }
  } else {
    ForEachMember(entry, [&](std::string_view member, std::optional<std::string_view> value) {
      if (taken.ok()) taken = CheckMember(member, value.value_or(""));
      if (taken.ok()) parts.PutMember(incarnation, member, value);
    });
  }
  row.incarnation = incarnation;
  row.value = large_size_ = LargeSizeText(size);
  return taken;
}

Status Transaction::AppendMemberChanges(const LargeLoad::Value& large, const Entry& entry,
                                        PartsWriter& parts) {
  std::set<std::string_view> changed;
  for (TidbBatch* batch : batches_) {
    ChangeReader reader(batch->view().changes().view());
    ChangeRecord record;
    while (reader.Next(record)) {
      if (record.db != large.db || record.key != large.key || !ChangesMember(record.op)) continue;
      changed.insert(record.field);
    }
  }
  const bool is_hash = entry.type() == ValueType::kHash;
  for (const std::string_view member : changed) {
    const std::optional<std::string_view> value = FindMember(entry, member);
    if (!value) {
      parts.EraseMember(large.incarnation, member);
      continue;
    }
    if (Status fits = CheckMember(member, *value); !fits.ok()) return fits;
    parts.PutMember(large.incarnation, member, is_hash ? value : std::nullopt);
  }
  return Ok();
}

}  // namespace tideway::backend
