#include "backend/tidb/blind_write.h"

#include <algorithm>
#include <set>
#include <string>

#include "backend/tidb/schema.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/tombstone.h"
#include "backend/tidb/value_codec.h"

namespace tideway::backend {
namespace {

constexpr std::string_view kNowMs = "(@@tidb_current_ts>>18)";
constexpr std::string_view kDue = "(type<>0 AND expire_at<(@@tidb_current_ts>>18))";
// The same in ON DUPLICATE KEY UPDATE: the row that comes has it already, and a variable is looked
// up anew for each row.
constexpr std::string_view kRowNowMs = "(VALUES(rev)>>18)";
constexpr std::string_view kRowDue = "(type<>0 AND expire_at<(VALUES(rev)>>18))";

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

// A string's row; columns with their defaults stay away, as each costs TiDB in each row.
void AppendRow(SqlText& sql, const BlindWrite& write, bool with_expiry) {
  sql.Sql("(").Number(write.db).Sql(",").Bytes(write.key).Sql(",@@tidb_current_ts,");
  sql.Bytes(write.value).Sql(write.ttl_ms > 0 ? ",'set,expire'," : ",'set',");
  sql.Number(uint32_t{ExpiryShard(write.key)});
  if (with_expiry && write.ttl_ms > 0) {
    sql.Sql(",").Sql(kNowMs).Sql("+").Number(write.ttl_ms);
  } else if (with_expiry) {
    sql.Sql(",NULL");
  }
  sql.Sql(")");
}

struct Rows {
  bool any = false;
  bool with_expiry = false;
};

Rows AppendRows(SqlText& sql, Writes writes, BlindWrite::Kind kind) {
  Rows rows;
  for (const BlindWrite* write : writes) {
    rows.with_expiry = rows.with_expiry || (write->kind == kind && write->ttl_ms > 0);
  }
  for (const BlindWrite* write : writes) {
    if (write->kind != kind) continue;
    if (rows.any) {
      sql.Sql(",");
    } else {
      sql.Sql("INSERT INTO tw_keys (db,k,rev,v,events,shard");
      sql.Sql(rows.with_expiry ? ",expire_at) VALUES " : ") VALUES ");
    }
    rows.any = true;
    AppendRow(sql, *write, rows.with_expiry);
  }
  return rows;
}

std::string DueKeysBegin(uint64_t number) { return std::to_string(number) + ":"; }

// Assignments take effect one after another, so what others depend on comes last. Which of
// the keys were due is told by a variable of the session.
void AppendPuts(SqlText& sql, Writes writes, const std::string& flushed, uint64_t number) {
  const Rows rows = AppendRows(sql, writes, BlindWrite::Kind::kPut);
  if (!rows.any) return;
  sql.Sql(" ON DUPLICATE KEY UPDATE events=IF(").Sql(kRowDue);
  if (!flushed.empty()) sql.Sql(" AND NOT ").Sql(flushed);
  // Not as one more AND: that looks at its other side, too, where there is no expiry (NULL).
  const std::string begin = DueKeysBegin(number);
  sql.Sql(",CONCAT(IF((").Sql(kDueKeys).Sql(":=CONCAT(IF(").Sql(kDueKeys).Sql(" LIKE '").Sql(begin);
  sql.Sql("%',").Sql(kDueKeys).Sql(",'").Sql(begin).Sql(
      "'),db,'.',HEX(k),','))<>'','expired,',''),");
  sql.Sql("VALUES(events)),VALUES(events)),type=1,expire_at=");
  sql.Sql(rows.with_expiry ? "VALUES(expire_at)" : "NULL");
  sql.Sql(",rev=VALUES(rev),v=VALUES(v),incarnation=NULL,shard=VALUES(shard);");
}

// The row is taken when nothing lives there; `rev` then tells the assignments behind it.
void AppendPutsIfAbsent(SqlText& sql, Writes writes, const std::string& flushed) {
  const Rows rows = AppendRows(sql, writes, BlindWrite::Kind::kPutIfAbsent);
  if (!rows.any) return;
  const auto dead = [&] {
    sql.Sql("IF(type=0 OR expire_at<").Sql(kRowNowMs);
    if (!flushed.empty()) sql.Sql(" OR ").Sql(flushed);
    sql.Sql(",");
  };
  sql.Sql(" ON DUPLICATE KEY UPDATE events=");
  dead();
  sql.Sql("IF(").Sql(kRowDue);
  if (!flushed.empty()) sql.Sql(" AND NOT ").Sql(flushed);
  sql.Sql(",CONCAT('expired,',VALUES(events)),VALUES(events)),events),rev=");
  dead();
  sql.Sql("VALUES(rev),rev)");
  const auto take = [&](std::string_view column, std::string_view value) {
    sql.Sql(",").Sql(column).Sql("=IF(rev=VALUES(rev),").Sql(value).Sql(",").Sql(column).Sql(")");
  };
  take("type", "1");
  take("expire_at", rows.with_expiry ? "VALUES(expire_at)" : "NULL");
  take("v", "VALUES(v)");
  take("incarnation", "NULL");
  take("shard", "VALUES(shard)");
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
    sql.Sql("UPDATE tw_keys SET type=IF(IFNULL(rev,0)<=").Number(flushes.flushed(db));
    sql.Sql(" AND incarnation IS NULL,type,NULL) WHERE db=").Number(row.db).Sql(" AND k=");
    sql.Bytes(row.key).Sql(";");
  }
}

}  // namespace

void ForEachDueKey(std::string_view due, uint64_t number,
                   const std::function<void(const SqlKey&)>& fn) {
  const std::string begin = DueKeysBegin(number);
  if (!due.starts_with(begin)) return;
  due.remove_prefix(begin.size());
  std::string key;
  for (size_t end = due.find(','); end != std::string_view::npos; end = due.find(',')) {
    const std::string_view item = due.substr(0, end);
    due.remove_prefix(end + 1);
    const size_t dot = std::min(item.find('.'), item.size());
    key.clear();
    for (size_t i = dot + 1; i + 1 < item.size(); i += 2) {
      key += static_cast<char>(NumberOf<unsigned>(item.substr(i, 2), 0, 16));
    }
    fn({NumberOf<uint32_t>(item.substr(0, dot), 0, 10), key});
  }
}

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
