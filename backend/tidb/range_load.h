// What commands that look at a part of the key space get to see: KEYS, SCAN, DBSIZE, RANDOMKEY.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/store.h"
#include "backend/tidb/flush_times.h"
#include "backend/tidb/key_rows.h"
#include "backend/tidb/sql_connection.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

/// The ranges of one batch: a statement each.
class RangeLoad {
 public:
  void Begin(std::span<const RangeRead> ranges, uint32_t databases);
  bool empty() const { return ranges_.empty(); }

  /// Appends the statements, each ended by a semicolon.
  void AppendSelects(SqlText& sql) const;
  size_t statements() const;
  /// Takes over the answers to them and puts the keys, without values, into the keyspace.
  Status Take(std::span<const SqlRows> results, const FlushTimes& flushes, Keyspace& keyspace);
  /// Once the keyspace holds all that is loaded: a DBSIZE sees what was written before it.
  void CountWhatIsNotShown(const Keyspace& keyspace);
  /// Appends what keeps the places of SCANs for their next steps, if there are any.
  void AppendCursors(SqlText& sql) const;
  bool keeps_cursors() const { return !places_.empty(); }

  /// Null without ranges.
  RangeAnswers* answers() { return ranges_.empty() ? nullptr : &answers_; }

 private:
  struct Place {
    uint64_t cursor;
    uint32_t db;
    std::string position;
  };
  void TakePage(const RangeRead& range, const SqlRows& rows, const FlushTimes& flushes);

  std::vector<RangeRead> ranges_;
  uint32_t databases_ = 0;
  RangeAnswers answers_;
  std::vector<std::optional<int64_t>> sizes_;  // of databases, where asked for
  std::vector<Place> places_;                  // where next steps begin
};

}  // namespace tideway::backend
