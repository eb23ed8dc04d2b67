#include "backend/tidb/range_load.h"

#include <algorithm>
#include <random>
#include <utility>

#include "backend/tidb/schema.h"
#include "backend/tidb/sql_numbers.h"

namespace tideway::backend {
namespace {

// KEYS answers at most so many; what is larger is what SCAN is for.
constexpr size_t kKeysMax = 1'000'000;
// Keys in one step of a SCAN, whatever its COUNT says.
constexpr uint64_t kPageKeysMax = 10'000;
// RANDOMKEY chooses from so many.
constexpr size_t kRandomFrom = 10'000;

uint64_t PageKeys(const RangeRead& range) { return std::min(range.count, kPageKeysMax); }

// Clients hold cursors in signed numbers, too. Never 0, which means the end.
uint64_t NewCursor() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return (random() >> 1) | 1;
}

// What the database holds, without tombstones and what a FLUSHDB left behind.
void AppendLive(SqlText& sql, const RangeRead& range) {
  sql.Sql(" FROM tw_keys WHERE db=").Number(range.db);
  sql.Sql(" AND type<>0 AND IFNULL(rev,~0)>=");
  AppendFlushedSubselect(sql, range.db);
  if (range.prefix.empty() || range.prefix.size() > kTidbKeyBytesMax) return;
  sql.Sql(" AND k>=").Bytes(range.prefix);
  std::string end(range.prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return;
  end.back() = static_cast<char>(end.back() + 1);
  sql.Sql(" AND k<").Bytes(end);
}

void AppendKeys(SqlText& sql, const RangeRead& range) {
  sql.Sql("SELECT ").Sql(kKeyColumnsWithoutValue);
  AppendLive(sql, range);
}

// A step that goes on looks up where.
bool LooksUpCursor(const RangeRead& range) {
  return range.kind == RangeRead::Kind::kPage && range.cursor != 0;
}

void AppendSelect(SqlText& sql, const RangeRead& range) {
  if (LooksUpCursor(range)) {
    sql.Sql("SELECT position FROM tw_cursors WHERE id=").Number(range.cursor);
    sql.Sql(" AND db=").Number(range.db).Sql(";");
  }
  switch (range.kind) {
    case RangeRead::Kind::kKeys:
      AppendKeys(sql, range);
      sql.Sql(" LIMIT ").Number(uint64_t{kKeysMax + 1});
      break;
    case RangeRead::Kind::kPage:
      AppendKeys(sql, range);
      if (range.cursor != 0) {
        sql.Sql(" AND k>(SELECT position FROM tw_cursors WHERE id=").Number(range.cursor);
        sql.Sql(" AND db=").Number(range.db).Sql(")");
      }
      sql.Sql(" ORDER BY k LIMIT ").Number(PageKeys(range));
      break;
    case RangeRead::Kind::kSize:
      sql.Sql("SELECT COUNT(*)");
      AppendLive(sql, range);
      break;
    case RangeRead::Kind::kRandom:
      sql.Sql("SELECT * FROM (");
      AppendKeys(sql, range);
      sql.Sql(" LIMIT ").Number(uint64_t{kRandomFrom}).Sql(") AS some ORDER BY RAND() LIMIT 1");
      break;
    case RangeRead::Kind::kFlush:
      sql.Sql("DO 0");
      break;
  }
  sql.Sql(";");
}

}  // namespace

void RangeLoad::Begin(std::span<const RangeRead> ranges, uint32_t databases) {
  ranges_.assign(ranges.begin(), ranges.end());
  databases_ = databases;
  answers_.not_shown.assign(databases, std::nullopt);
  sizes_.assign(databases, std::nullopt);
  answers_.pages.clear();
  places_.clear();
  // Which of several steps a command tells is seen by their cursors, not by their patterns.
  for (RangeRead& range : ranges_) {
    if (ranges_.size() > 1 && range.kind == RangeRead::Kind::kPage) range.prefix = {};
  }
}

void RangeLoad::AppendSelects(SqlText& sql) const {
  for (const RangeRead& range : ranges_) AppendSelect(sql, range);
}

size_t RangeLoad::statements() const {
  return ranges_.size() +
         static_cast<size_t>(std::count_if(ranges_.begin(), ranges_.end(), LooksUpCursor));
}

Status RangeLoad::Take(std::span<const SqlRows> results, const FlushTimes& flushes,
                       Keyspace& keyspace) {
  answers_.pages.clear();
  answers_.others.clear();
  places_.clear();
  const bool any_page = std::any_of(ranges_.begin(), ranges_.end(), [](const RangeRead& range) {
    return range.kind == RangeRead::Kind::kPage;
  });
  size_t next = 0;
  for (const RangeRead& range : ranges_) {
    const bool unknown = LooksUpCursor(range) && results[next++].size() == 0;
    const SqlRows& rows = results[next++];
    if (range.kind == RangeRead::Kind::kFlush) continue;
    if (range.kind == RangeRead::Kind::kSize) {
      rows.ForEach([&](std::span<const SqlRows::Value> row) {
        sizes_[range.db] = NumberOf<int64_t>(row[0], 0);
      });
      continue;
    }
    if (rows.size() > kKeysMax) {
      return Error{Errc::kTooLarge, "ERR more than " + std::to_string(kKeysMax) +
                                        " keys to look at in one step, SCAN takes many"};
    }
    if (range.kind == RangeRead::Kind::kPage) TakePage(range, rows, flushes);
    if (unknown) answers_.pages.back().unknown = true;
    rows.ForEach([&](std::span<const SqlRows::Value> row) {
      const auto key = ReadKeyRow(row, databases_);
      if (!key || !key->live(flushes)) return;
      LoadWithoutValue(keyspace, *key);
      if (any_page && range.kind != RangeRead::Kind::kPage) {
        answers_.others.emplace_back(key->db, key->key);
      }
    });
  }
  return Ok();
}

void RangeLoad::CountWhatIsNotShown(const Keyspace& keyspace) {
  for (uint32_t db = 0; db < sizes_.size(); ++db) {
    if (!sizes_[db]) continue;
    answers_.not_shown[db] = *sizes_[db] - static_cast<int64_t>(keyspace.KeyCount(db));
  }
}

void RangeLoad::TakePage(const RangeRead& range, const SqlRows& rows, const FlushTimes& flushes) {
  RangeAnswers::Page page{.db = range.db, .cursor = range.cursor, .count = range.count};
  std::string position;
  rows.ForEach([&](std::span<const SqlRows::Value> row) {
    if (row[1]) position = *row[1];
    const auto key = ReadKeyRow(row, databases_);
    if (key && key->live(flushes)) page.keys.emplace_back(key->key);
  });
  if (rows.size() >= PageKeys(range)) {
    page.next = NewCursor();
    places_.push_back({page.next, range.db, std::move(position)});
  }
  answers_.pages.push_back(std::move(page));
}

void RangeLoad::AppendCursors(SqlText& sql) const {
  for (const Place& place : places_) {
    sql.Sql(&place == places_.data()
                ? "REPLACE INTO tw_cursors (id,db,position,touched_at) VALUES ("
                : ",(");
    sql.Number(place.cursor).Sql(",").Number(place.db).Sql(",").Bytes(place.position);
    sql.Sql(",UNIX_TIMESTAMP())");
  }
}

}  // namespace tideway::backend
