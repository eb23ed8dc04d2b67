#include "backend/tidb/lease.h"

#include "backend/clock.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {
namespace {
// The node stops before others may begin.
constexpr int64_t kMarginMs = 1'000;
}  // namespace

std::string Lease::LookSql() const {
  std::string text;
  SqlText(text)
      .Sql(
          "BEGIN OPTIMISTIC;SELECT @@tidb_current_ts;SELECT owner,number,until_at FROM tw_leases "
          "WHERE name=")
      .Bytes(name_);
  return text;
}

std::string Lease::TakeSql(const SqlReply& looked) {
  wanted_ = false;
  if (!looked.error.ok() || looked.results.size() < 3) return "ROLLBACK";
  looked.results[1].ForEach(
      [&](std::span<const SqlRows::Value> row) { looked_ts_ = NumberOf<uint64_t>(row[0], 0); });
  const auto now_ms = static_cast<int64_t>(looked_ts_ >> kCommitTsLogicalBits);
  std::string owner;
  uint64_t number = 0;
  int64_t until_ms = 0;
  looked.results[2].ForEach([&](std::span<const SqlRows::Value> row) {
    owner = row[0].value_or("");
    number = NumberOf<uint64_t>(row[1], 0);
    until_ms = NumberOf<int64_t>(row[2], 0);
  });
  if (owner != owner_ && until_ms > now_ms) return "ROLLBACK";
  wanted_ = true;
  std::string text;
  SqlText sql(text);
  sql.Sql("REPLACE INTO tw_leases (name,owner,number,until_at) VALUES (").Bytes(name_);
  sql.Sql(",").Bytes(owner_).Sql(",").Number(owner == owner_ ? number : number + 1);
  sql.Sql(",").Number(now_ms + kStandsMs).Sql(");COMMIT");
  return text;
}

void Lease::Taken(const SqlReply& reply, int64_t looked_at_ms) {
  // An answer that was lost may have taken it: then nobody acts until the next look.
  if (wanted_ && reply.error.ok()) held_until_ms_ = looked_at_ms + kStandsMs - kMarginMs;
  if (!wanted_) held_until_ms_ = 0;
}

}  // namespace tideway::backend
