// Rows of tw_keys as statements ask for them and answers hold them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "backend/data/keyspace.h"
#include "backend/tidb/flush_times.h"
#include "backend/tidb/sql_connection.h"

namespace tideway::backend {

/// What Row() reads, in this order. The second is for those who need no values.
inline constexpr std::string_view kKeyColumns = "db,k,type,expire_at,rev,incarnation,v";
inline constexpr std::string_view kKeyColumnsWithoutValue = "db,k,type,expire_at,rev,incarnation";

/// One row; its views live as long as the answer.
struct KeyRow {
  uint32_t db = 0;
  std::string_view key;
  uint32_t type = 0;  // 0: a tombstone
  int64_t expire_at_ms = kNoExpiry;
  uint64_t rev = 0;  // 0: written by another SQL program
  std::optional<uint64_t> incarnation;
  std::string_view value;

  bool live(const FlushTimes& flushes) const { return type != 0 && !flushes.Absent(db, rev); }
};

/// nullopt for a row that no key of ours can be.
std::optional<KeyRow> ReadKeyRow(std::span<const SqlRows::Value> row, uint32_t databases);

/// Puts a key into the keyspace that is there, with its type and expiry, but has no value.
void LoadWithoutValue(Keyspace& keyspace, const KeyRow& row);

}  // namespace tideway::backend
