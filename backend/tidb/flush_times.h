// When each database was last flushed: which rows a FLUSHDB has made absent.
//
// A database has a row of its own in tw_keys, at (kFlushRowsDb, its number in decimal): so one
// statement reads keys and flushes at one moment, as a lookup of points. No row: never flushed.
//
// A row belongs to the time before a flush when its rev, the start_ts of the transaction that wrote
// it, is smaller than the flush's. A transaction that began after the flush but before its commit
// would carry values of before it beyond it; so a flush takes two transactions: the first says
// `flushing`, the second, which begins when that is committed, raises the rev. Whoever begins in
// between sees `flushing` and runs again a moment later. A flush that was left half done by a node
// that died is taken back after a while, which makes its second transaction fail.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "backend/tidb/schema.h"
#include "backend/tidb/sql_connection.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

/// Where tw_keys holds the rows of databases. Databases have smaller numbers.
inline constexpr uint32_t kFlushRowsDb = kTidbDatabasesMax;
/// `type` of such a row: of no key.
inline constexpr uint32_t kFlushRowType = 255;

/// By database. Confined to an I/O thread, which learns it with each transaction.
class FlushTimes {
 public:
  explicit FlushTimes(uint32_t databases);

  /// The row of a database: as long as this lives.
  SqlKey RowOf(uint32_t db) const { return {kFlushRowsDb, (*names_)[db]}; }
  /// Takes over what rows with kKeyColumns say about `databases`, of which some have none. Rows of
  /// keys among them are passed over.
  void Learn(const std::set<uint32_t>& databases, const SqlRows& rows);
  /// The same of all databases.
  void LearnAll(const SqlRows& rows);
  /// Takes over what is newer there: answers cross, but what is known never goes back.
  void Keep(const FlushTimes& seen);

  /// start_ts of the last flush, else 0.
  uint64_t flushed(uint32_t db) const { return flushed_[db]; }
  /// start_ts of an unfinished flush, else 0.
  uint64_t flushing(uint32_t db) const { return flushing_[db]; }
  /// Whether a row of `rev` is of before the last flush. 0, a row of another SQL program, never is.
  bool Absent(uint32_t db, uint64_t rev) const { return rev != 0 && rev < flushed_[db]; }

 private:
  std::shared_ptr<const std::vector<std::string>> names_;  // the same for all copies
  std::vector<uint64_t> flushed_;
  std::vector<uint64_t> flushing_;
};

/// A subselect of when a database was flushed, for statements that look at many rows.
SqlText& AppendFlushedSubselect(SqlText& sql, uint32_t db);

}  // namespace tideway::backend
