// The part of Transaction that lets a FLUSHDB and everybody else keep out of each other's way.
#include "backend/tidb/sql_errors.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/sql_text.h"
#include "backend/tidb/transaction.h"

namespace tideway::backend {
namespace {

using Value = SqlRows::Value;

// A flush whose second half has not come after so long is taken back.
// Shorter than
// backend-timeout, so that it costs nobody an answer.
constexpr int64_t kFlushAbandonedMs = 2'000;

Error RunAgainError(std::string why) { return {Errc::kUnavailable, std::move(why)}; }

}  // namespace

std::string_view Transaction::AnnounceFlushSql() {
  sql_.clear();
  SqlText sql(sql_);
  sql.Sql("BEGIN OPTIMISTIC;INSERT INTO tw_keys (db,k,type,rev,incarnation) VALUES ");
  bool first = true;
  for (const RangeRead& range : batches_.front()->ranges) {
    if (range.kind != RangeRead::Kind::kFlush) continue;
    const SqlKey row = flushes_.RowOf(range.db);
    sql.Sql(first ? "(" : ",(").Number(row.db).Sql(",").Bytes(row.key).Sql(",");
    sql.Number(kFlushRowType).Sql(",0,@@tidb_current_ts)");
    first = false;
  }
  // Another flush goes first, unless it was abandoned; an earlier try of this one does not.
  sql.Sql(" ON DUPLICATE KEY UPDATE incarnation=IF(incarnation IS NULL OR incarnation=");
  sql.Number(flush_announced_).Sql(" OR ((@@tidb_current_ts-incarnation)>>18)>");
  sql.Number(kFlushAbandonedMs).Sql(",VALUES(incarnation),incarnation);");
  sql.Sql("SELECT @@tidb_current_ts;COMMIT");
  return sql_;
}

Status Transaction::TakeFlushAnnounced(const SqlReply& reply) {
  constexpr size_t kSelect = 2;
  if (!reply.error.ok() || reply.results.size() <= kSelect) {
    error_text_ = reply.error.text;
    return Error{IsTrouble(reply.error.code) ? Errc::kUnavailable : Errc::kIo,
                 "ERR the database refused: " + reply.error.text};
  }
  reply.results[kSelect].ForEach(
      [&](std::span<const Value> row) { flush_announced_ = NumberOf<uint64_t>(row[0], 0); });
  batches_.front()->flush_announced = flush_announced_;
  return Ok();
}

std::string_view Transaction::ForgetFlushSql() {
  sql_.clear();
  SqlText sql(sql_);
  sql.Sql("BEGIN OPTIMISTIC;UPDATE tw_keys SET incarnation=NULL WHERE db=").Number(kFlushRowsDb);
  sql.Sql(" AND ((@@tidb_current_ts-incarnation)>>18)>").Number(kFlushAbandonedMs).Sql(";COMMIT");
  return sql_;
}

void Transaction::AppendFlushes() {
  SqlText sql(sql_);
  for (const uint32_t db : touched_.flushed()) {
    const SqlKey row = flushes_.RowOf(db);
    sql.Sql("REPLACE INTO tw_keys (db,k,type,rev) VALUES (").Number(row.db).Sql(",");
    sql.Bytes(row.key).Sql(",").Number(kFlushRowType).Sql(",@@tidb_current_ts);");
  }
  if (flush_announced_ == 0) return;
  sql.Sql("UPDATE tw_keys SET incarnation=NULL WHERE db=").Number(kFlushRowsDb);
  sql.Sql(" AND incarnation=").Number(flush_announced_).Sql(";");
}

Status Transaction::CheckFlushing() {
  if (!writes_) return Ok();
  const auto check = [&](uint32_t db) {
    const uint64_t since = flushes_.flushing(db);
    if (since == 0 || since == flush_announced_) return true;
    abandoned_flush_ = MsOf(start_ts_) - MsOf(since) > kFlushAbandonedMs;
    return false;
  };
  for (const TidbBatch* batch : batches_) {
    for (const Read& read : batch->reads) {
      if (!check(read.db)) return RunAgainError("FLUSHDB is under way");
    }
    for (const RangeRead& range : batch->ranges) {
      if (!check(range.db)) return RunAgainError("FLUSHDB is under way");
      if (range.kind == RangeRead::Kind::kFlush &&
          flushes_.flushing(range.db) != flush_announced_) {
        return RunAgainError("another FLUSHDB was first");
      }
    }
  }
  return Ok();
}

}  // namespace tideway::backend
