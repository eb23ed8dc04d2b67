#include "backend/tidb/marker.h"

#include "backend/tidb/sql_numbers.h"

namespace tideway::backend {

void AppendMarker(SqlText& sql, const Marker& marker) {
  sql.Sql("REPLACE INTO tw_markers (connection,number,start_ts) VALUES (");
  sql.Number(marker.connection).Sql(",").Number(marker.number).Sql(",@@tidb_current_ts)");
}

void AppendMarkerUnlessFenced(SqlText& sql, const Marker& marker) {
  sql.Sql("INSERT INTO tw_markers (connection,number,start_ts) VALUES (");
  sql.Number(marker.connection).Sql(",").Number(marker.number).Sql(",@@tidb_current_ts)");
  sql.Sql(" ON DUPLICATE KEY UPDATE number=IF(fenced=0,VALUES(number),NULL),");
  sql.Sql("start_ts=VALUES(start_ts)");
}

void AppendFence(SqlText& sql, const Marker& marker) {
  sql.Sql("ROLLBACK;BEGIN OPTIMISTIC;SELECT number,start_ts FROM tw_markers WHERE connection=");
  sql.Number(marker.connection).Sql(";");
  // The number stays: the fence itself may have to be sent again. Some column must change, or TiDB
  // would write nothing.
  sql.Sql("INSERT INTO tw_markers (connection,number,start_ts,fenced) VALUES (");
  sql.Number(marker.connection).Sql(",0,0,@@tidb_current_ts) ON DUPLICATE KEY UPDATE ");
  sql.Sql("fenced=VALUES(fenced);COMMIT");
}

FenceAnswer JudgeFence(const SqlReply& reply, const Marker& marker) {
  constexpr size_t kSelect = 2;  // behind ROLLBACK and BEGIN
  if (!reply.error.ok() || reply.results.size() <= kSelect) return {};
  uint64_t number = 0;
  uint64_t start_ts = 0;
  reply.results[kSelect].ForEach([&](std::span<const SqlRows::Value> row) {
    number = NumberOf<uint64_t>(row[0], 0);
    start_ts = NumberOf<uint64_t>(row[1], 0);
  });
  if (number < marker.number) return {FenceAnswer::Fate::kNever, 0};
  return {FenceAnswer::Fate::kApplied, number == marker.number ? start_ts : 0};
}

}  // namespace tideway::backend
