#include "backend/tidb/blind_write.h"

#include <set>
#include <string>

#include "backend/tidb/schema.h"
#include "backend/tidb/tombstone.h"
#include "backend/tidb/value_codec.h"

namespace tideway::backend {
namespace {

constexpr std::string_view kNowMs = "(@@tidb_current_ts>>18)";
constexpr std::string_view kDue = "(type<>0 AND expire_at<(@@tidb_current_ts>>18))";

using Writes = std::span<const BlindWrite* const>;

std::set<uint32_t> Databases(Writes writes) {
  std::set<uint32_t> databases;
  for (const BlindWrite* write : writes) databases.insert(write->db);
  return databases;
}

// A condition on the row that is there: it was written before the last FLUSHDB of its database.
std::string FlushedCondition(Writes writes, const FlushTimes& flushes) {
  std::string text;
  SqlText sql(text);
  for (const uint32_t db : Databases(writes)) {
    if (flushes.flushed(db) == 0) continue;
    sql.Sql(text.empty() ? "(" : " OR ").Sql("(db=").Number(db);
    // A row of another SQL program has no rev and is no flush's.
    sql.Sql(" AND IFNULL(rev,~0)<").Number(flushes.flushed(db)).Sql(")");
  }
  if (!text.empty()) text += ')';
  return text;
}

void AppendRow(SqlText& sql, const BlindWrite& write) {
  sql.Sql("(").Number(write.db).Sql(",").Bytes(write.key).Sql(",1,");
  if (write.ttl_ms > 0) {
    sql.Sql(kNowMs).Sql("+").Number(write.ttl_ms);
  } else {
    sql.Null();
  }
  sql.Sql(",@@tidb_current_ts,").Bytes(write.value);
  sql.Sql(",NULL,").Sql(write.ttl_ms > 0 ? "'set,expire'," : "'set',");
  sql.Number(uint32_t{ExpiryShard(write.key)}).Sql(")");
}

bool AppendRows(SqlText& sql, Writes writes, BlindWrite::Kind kind) {
  bool any = false;
  for (const BlindWrite* write : writes) {
    if (write->kind != kind) continue;
    if (any) {
      sql.Sql(",");
    } else {
      sql.Sql("INSERT INTO tw_keys ").Sql(KeyRowColumns()).Sql(" VALUES ");
    }
    any = true;
    AppendRow(sql, *write);
  }
  return any;
}

// Assignments take effect one after another, so what others depend on comes last. Whether one of
// the keys was due is told by a variable of the session.
void AppendPuts(SqlText& sql, Writes writes, const std::string& flushed, uint64_t number) {
  if (!AppendRows(sql, writes, BlindWrite::Kind::kPut)) return;
  sql.Sql(" ON DUPLICATE KEY UPDATE events=IF(").Sql(kDue);
  if (!flushed.empty()) sql.Sql(" AND NOT ").Sql(flushed);
  sql.Sql(" AND (").Sql(kDueVariable).Sql(":=").Number(number);
  sql.Sql(")>0,CONCAT('expired,',VALUES(events)),VALUES(events)),type=VALUES(type),")
      .Sql("expire_at=VALUES(expire_at),rev=VALUES(rev),v=VALUES(v),incarnation=NULL,")
      .Sql("shard=VALUES(shard);");
}

// The row is taken when nothing lives there; `rev` then tells the assignments behind it.
void AppendPutsIfAbsent(SqlText& sql, Writes writes, const std::string& flushed) {
  if (!AppendRows(sql, writes, BlindWrite::Kind::kPutIfAbsent)) return;
  const auto dead = [&] {
    sql.Sql("IF(type=0 OR expire_at<").Sql(kNowMs);
    if (!flushed.empty()) sql.Sql(" OR ").Sql(flushed);
    sql.Sql(",");
  };
  sql.Sql(" ON DUPLICATE KEY UPDATE events=");
  dead();
  sql.Sql("IF(").Sql(kDue);
  if (!flushed.empty()) sql.Sql(" AND NOT ").Sql(flushed);
  sql.Sql(",CONCAT('expired,',VALUES(events)),VALUES(events)),events),rev=");
  dead();
  sql.Sql("VALUES(rev),rev)");
  for (const std::string_view column : {"type", "expire_at", "v", "incarnation", "shard"}) {
    sql.Sql(",").Sql(column).Sql("=IF(rev=@@tidb_current_ts,VALUES(").Sql(column).Sql("),");
    sql.Sql(column).Sql(")");
  }
  sql.Sql(";");
}

void AppendErases(SqlText& sql, Writes writes, const std::string& flushed) {
  std::vector<SqlKey> keys;
  for (const BlindWrite* write : writes) {
    if (write->kind == BlindWrite::Kind::kErase) keys.push_back({write->db, write->key});
  }
  if (keys.empty()) return;
  sql.Sql("UPDATE tw_keys SET events=IF(").Sql(kDue).Sql(",'expired','del'),type=0,");
  sql.Sql("v=NULL,incarnation=NULL,rev=@@tidb_current_ts,expire_at=").Sql(kNowMs).Sql("+");
  sql.Number(kTombstoneMs).Sql(" WHERE");
  AppendKeyIn(sql, keys);
  sql.Sql(" AND type<>0");
  if (!flushed.empty()) sql.Sql(" AND NOT ").Sql(flushed);
  sql.Sql(";");
}

// Fails when a database was flushed later than is known here, or is being flushed. Changes nothing,
// so that it is in nobody's way.
void AppendFlushChecks(SqlText& sql, Writes writes, const FlushTimes& flushes) {
  for (const uint32_t db : Databases(writes)) {
    const SqlKey row = flushes.RowOf(db);
    sql.Sql("UPDATE tw_keys SET type=IF(rev<=").Number(flushes.flushed(db));
    sql.Sql(" AND incarnation IS NULL,type,NULL) WHERE db=").Number(row.db).Sql(" AND k=");
    sql.Bytes(row.key).Sql(";");
  }
}

}  // namespace

bool FitsBlind(const BlindWrite& write) {
  return write.key.size() <= kTidbKeyBytesMax && FitsInline(write.key.size(), write.value.size());
}

void AppendBlindWrites(SqlText& sql, Writes writes, const FlushTimes& flushes, uint64_t number) {
  AppendFlushChecks(sql, writes, flushes);
  const std::string flushed = FlushedCondition(writes, flushes);
  AppendPuts(sql, writes, flushed, number);
  AppendPutsIfAbsent(sql, writes, flushed);
  AppendErases(sql, writes, flushed);
}

}  // namespace tideway::backend
