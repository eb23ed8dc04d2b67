#include "backend/tidb/flush_times.h"

#include <utility>

#include "backend/tidb/sql_numbers.h"

namespace tideway::backend {

FlushTimes::FlushTimes(uint32_t databases) : flushed_(databases, 0), flushing_(databases, 0) {
  auto names = std::make_shared<std::vector<std::string>>();
  for (uint32_t db = 0; db < databases; ++db) names->push_back(std::to_string(db));
  names_ = std::move(names);
}

void FlushTimes::Learn(const std::set<uint32_t>& databases, const SqlRows& rows) {
  for (const uint32_t db : databases) flushed_[db] = flushing_[db] = 0;
  rows.ForEach([&](std::span<const SqlRows::Value> row) {
    if (NumberOf<uint32_t>(row[0], 0) != kFlushRowsDb || !row[1]) return;
    const auto db = NumberOf<uint32_t>(row[1], kFlushRowsDb);
    if (db >= flushed_.size()) return;
    flushed_[db] = NumberOf<uint64_t>(row[4], 0);
    flushing_[db] = NumberOf<uint64_t>(row[5], 0);
  });
}

void FlushTimes::LearnAll(const SqlRows& rows) {
  std::fill(flushed_.begin(), flushed_.end(), 0);
  std::fill(flushing_.begin(), flushing_.end(), 0);
  Learn({}, rows);
}

void FlushTimes::Keep(const FlushTimes& seen) {
  for (size_t db = 0; db < flushed_.size(); ++db) {
    flushed_[db] = std::max(flushed_[db], seen.flushed_[db]);
  }
}

SqlText& AppendFlushedSubselect(SqlText& sql, uint32_t db) {
  sql.Sql("IFNULL((SELECT rev FROM tw_keys WHERE db=").Number(kFlushRowsDb).Sql(" AND k='");
  return sql.Number(db).Sql("'),0)");
}

}  // namespace tideway::backend
