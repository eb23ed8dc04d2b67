#include "backend/tidb/key_rows.h"

#include "backend/data/key_hash.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/value_codec.h"

namespace tideway::backend {

std::optional<KeyRow> ReadKeyRow(std::span<const SqlRows::Value> row, uint32_t databases) {
  KeyRow key;
  key.db = NumberOf<uint32_t>(row[0], databases);
  if (key.db >= databases || !row[1]) return std::nullopt;
  key.key = *row[1];
  key.type = NumberOf<uint32_t>(row[2], 0);
  key.expire_at_ms = NumberOf<int64_t>(row[3], kNoExpiry);
  key.rev = NumberOf<uint64_t>(row[4], 0);
  if (row[5]) key.incarnation = NumberOf<uint64_t>(row[5], 0);
  if (row.size() > 6 && row[6]) key.value = *row[6];
  return key;
}

void LoadWithoutValue(Keyspace& keyspace, const KeyRow& row) {
  // The smallest value of each type; what is no type of ours counts as a string.
  std::string_view smallest;
  auto type = static_cast<uint8_t>(row.type);
  if (type == static_cast<uint8_t>(ValueType::kHash)) {
    smallest = std::string_view("\x01\x00\x00", 3);
  } else if (type == static_cast<uint8_t>(ValueType::kSet)) {
    smallest = std::string_view("\x02\x00", 2);
  } else {
    type = static_cast<uint8_t>(ValueType::kString);
  }
  // Cannot fail: database and value are good.
  (void)LoadInline(keyspace, KeyHash(row.key), row.db, row.key,
                   {.type = type, .expire_at_ms = row.expire_at_ms, .bytes = smallest});
}

}  // namespace tideway::backend
