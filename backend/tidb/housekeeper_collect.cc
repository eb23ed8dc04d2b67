// The part of Housekeeper that collects what nobody needs any more.
#include "backend/tidb/housekeeper.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/sql_text.h"
#include "backend/tidb/tombstone.h"

namespace tideway::backend {
namespace {

using Value = SqlRows::Value;

// Rows that one step of a walk looks at.
constexpr size_t kPageKeys = 1'000;
constexpr size_t kOrphansPage = 500;
constexpr size_t kOrphansAStep = 8;
// Of each: pieces are large, members mostly small.
constexpr size_t kPiecesAStep = 64;
constexpr size_t kMembersAStep = 1'000;

}  // namespace

// --- what a FLUSHDB left behind

// Walks over a database once after each of its flushes, in pages, when the flush is as old as
// tombstones get: a WATCH of before can tell by the row that its key went.
void Housekeeper::LookForFlushed() {
  if (!walk_) {
    const int64_t now_ms = time_.NowMs();
    for (uint32_t db = 0; db < databases_ && !walk_; ++db) {
      const uint64_t flushed = flushes_.flushed(db);
      if (flushed == 0 || flushed == walked_[db] || MsOf(flushed) + kTombstoneMs > now_ms) continue;
      walk_ = Walk{.db = db, .flushed = flushed};
    }
  }
  if (!walk_) return;
  std::string text;
  SqlText sql(text);
  sql.Sql("BEGIN OPTIMISTIC;SELECT k,rev FROM tw_keys WHERE db=").Number(walk_->db);
  if (walk_->begun) sql.Sql(" AND k>").Bytes(walk_->position);
  sql.Sql(" ORDER BY k LIMIT ").Number(uint64_t{kPageKeys});
  Send(text, &Housekeeper::OnFlushed);
}

void Housekeeper::OnFlushed(SqlReply reply) {
  if (!reply.error.ok() || reply.results.size() < 2) {
    Done(reply);
    return;
  }
  std::vector<SqlKey> keys;
  walk_->next.clear();
  walk_->last = reply.results[1].size() < kPageKeys;
  reply.results[1].ForEach([&](std::span<const Value> row) {
    if (!row[0]) return;
    walk_->next = *row[0];
    const auto rev = NumberOf<uint64_t>(row[1], 0);
    if (rev != 0 && rev < walk_->flushed) keys.push_back({walk_->db, *row[0]});
  });
  std::string text;
  SqlText sql(text);
  AppendDeleteKeys(sql, keys);
  sql.Sql("COMMIT");
  Send(text, &Housekeeper::OnFlushedCollected);
}

void Housekeeper::OnFlushedCollected(SqlReply reply) {
  if (reply.error.ok() && walk_->last) {
    walked_[walk_->db] = walk_->flushed;
    walk_.reset();
  } else if (reply.error.ok()) {
    walk_->position = walk_->next;
    walk_->begun = true;
    flushed_due_ms_ = 0;
  }
  Done(reply);
}

// --- pieces of large values that no key owns

void Housekeeper::LookForOrphans() {
  std::string text;
  SqlText sql(text);
  sql.Sql(
      "SELECT i.incarnation,k.k IS NULL FROM (SELECT * FROM tw_incarnations WHERE incarnation>");
  sql.Number(orphans_from_).Sql(" ORDER BY incarnation LIMIT ").Number(uint64_t{kOrphansPage});
  sql.Sql(") i LEFT JOIN tw_keys k ON k.db=i.db AND k.k=i.k AND k.incarnation=i.incarnation ");
  sql.Sql("ORDER BY i.incarnation");
  Send(text, &Housekeeper::OnOrphans);
}

void Housekeeper::OnOrphans(SqlReply reply) {
  if (!reply.error.ok() || reply.results.empty()) {
    Done(reply);
    return;
  }
  std::vector<uint64_t> orphans;
  uint64_t last = 0;
  reply.results[0].ForEach([&](std::span<const Value> row) {
    last = NumberOf<uint64_t>(row[0], 0);
    const bool orphan = NumberOf<int>(row[1], 0) != 0;
    if (orphan && orphans.size() < kOrphansAStep) orphans.push_back(last);
  });
  if (orphans.empty()) {
    // From the start again behind the last page.
    const bool page_full = reply.results[0].size() == kOrphansPage;
    orphans_from_ = page_full ? last : 0;
    if (page_full) orphans_due_ms_ = 0;
    Done(reply);
    return;
  }
  // The next look begins here again: what has many parts takes many steps.
  orphans_from_ = orphans.front() - 1;
  orphans_last_ = orphans.back();
  orphans_due_ms_ = 0;
  std::string text = "BEGIN OPTIMISTIC;";
  SqlText sql(text);
  for (const uint64_t orphan : orphans) {
    sql.Sql("DELETE FROM tw_parts WHERE f IS NULL AND incarnation=").Number(orphan);
    sql.Sql(" LIMIT ").Number(uint64_t{kPiecesAStep});
    sql.Sql(";DELETE FROM tw_parts WHERE f IS NOT NULL AND incarnation=").Number(orphan);
    sql.Sql(" LIMIT ").Number(uint64_t{kMembersAStep});
    sql.Sql(";DELETE FROM tw_incarnations WHERE incarnation=").Number(orphan);
    sql.Sql(" AND NOT EXISTS(SELECT 1 FROM tw_parts WHERE incarnation=").Number(orphan);
    sql.Sql(");");
  }
  sql.Sql("COMMIT");
  Send(text, &Housekeeper::OnOrphansCollected);
}

void Housekeeper::OnOrphansCollected(SqlReply reply) {
  if (!reply.error.ok()) orphans_from_ = orphans_last_;  // not these for ever
  Done(reply);
}

}  // namespace tideway::backend
