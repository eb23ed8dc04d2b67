// The part of Transaction that writes first and looks afterwards.
#include <algorithm>

#include "backend/data/change.h"
#include "backend/tidb/blind_write.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/sql_text.h"
#include "backend/tidb/transaction.h"

namespace tideway::backend {

using Value = SqlRows::Value;

namespace {

void ShowTaken(const BlindWrite& write, Keyspace& keyspace) {
  KeyRow taken;
  taken.db = write.db;
  taken.key = write.key;
  LoadWithoutValue(keyspace, taken);
}

void ShowDue(const SqlKey& key, CommitTs start_ts, Keyspace& keyspace) {
  KeyRow due;
  due.db = key.db;
  due.key = key.key;
  due.expire_at_ms = MsOf(start_ts) - 1;
  LoadWithoutValue(keyspace, due);
}

bool SetsString(std::string_view changes, const BlindWrite& write) {
  ChangeReader reader(changes);
  ChangeRecord record;
  while (reader.Next(record)) {
    const bool sets = record.op == ChangeOp::kSet || record.op == ChangeOp::kSetAt;
    if (sets && record.db == write.db && record.key == write.key) return true;
  }
  return false;
}

}  // namespace

std::vector<const BlindWrite*> Transaction::BlindWrites() const {
  std::vector<const BlindWrite*> writes;
  for (const TidbBatch* batch : batches_) {
    for (const BlindWrite& write : batch->blind) writes.push_back(&write);
  }
  return writes;
}

std::vector<SqlKey> Transaction::BlindKeys() const {
  std::vector<SqlKey> keys;
  for (const BlindWrite* write : BlindWrites()) keys.push_back({write->db, write->key});
  return keys;
}

std::string_view Transaction::BlindSql(const Marker& marker) {
  sql_.clear();
  SqlText sql(sql_);
  flushes_ = known_flushes_;
  const std::vector<const BlindWrite*> writes = BlindWrites();
  sql.Sql("BEGIN OPTIMISTIC;");
  looks_ = std::any_of(writes.begin(), writes.end(),
                       [](const auto* write) { return write->kind != BlindWrite::Kind::kPut; });
  if (looks_) {
    sql.Sql("SELECT ").Sql(kKeyColumnsWithoutValue).Sql(" FROM tw_keys WHERE");
    AppendKeyIn(sql, BlindKeys());
    // Else a DEL of two keys could take the second away after somebody has seen it beside the
    // first, which was not there when the DEL looked.
    if (std::any_of(writes.begin(), writes.end(), [](const auto* one) { return one->together; }))
      sql.Sql(" FOR UPDATE");
    sql.Sql(";");
  }
  number_ = marker.number;
  AppendBlindWrites(sql, writes, flushes_, number_);
  AppendMarkerUnlessFenced(sql, marker);
  sql.Sql(";COMMIT;SELECT @@tidb_last_txn_info");
  if (!looks_) sql.Sql(",").Sql(kDueKeys);
  rows_ = writes.size();
  return sql_;
}

void Transaction::LoadFound(const SqlRows& rows) {
  rows.ForEach([&](std::span<const Value> row) {
    const auto key = ReadKeyRow(row, databases_);
    if (key && key->live(flushes_)) LoadWithoutValue(*keyspace_, *key);
  });
  ShowLateAsTaken();
}

// A lock whose commit took longer than it lasts is no lock: it reads as taken.
void Transaction::ShowLateAsTaken() {
  for (const BlindWrite* write : BlindWrites()) {
    if (IsLate(*write)) ShowTaken(*write, *keyspace_);
  }
}

bool Transaction::IsLate(const BlindWrite& write) const {
  if (write.kind != BlindWrite::Kind::kPutIfAbsent || write.ttl_ms == 0) return false;
  // Where a lost answer leaves the moment of the commit unknown, it came before that of the fence.
  return (commit_ts_ != 0 ? MsOf(commit_ts_) : answered_ms_) >= MsOf(start_ts_) + write.ttl_ms;
}

bool Transaction::TookLateLock(TidbBatch& batch, Keyspace& keyspace) const {
  const auto is_lock = [](const BlindWrite& write) {
    return write.kind == BlindWrite::Kind::kPutIfAbsent;
  };
  if (!std::all_of(batch.blind.begin(), batch.blind.end(), is_lock)) return false;
  bool any = false;
  for (const BlindWrite& write : batch.blind) {
    const bool taken_by_it = SetsString(batch.view().changes().view(), write);
    const bool late = taken_by_it && IsLate(write);
    any = any || late;
    if (late || !taken_by_it) ShowTaken(write, keyspace);
  }
  return any;
}

Status Transaction::TakeBlind(const SqlReply& reply) {
  constexpr size_t kSelect = 1;
  if (reply.results.size() <= kSelect) return Error{Errc::kIo, "ERR the database did not answer"};
  if (looks_) {
    LoadFound(reply.results[kSelect]);
    return Ok();
  }
  reply.results.back().ForEach([&](std::span<const Value> row) {
    if (row.size() < 2 || !row[1]) return;
    ForEachDueKey(*row[1], number_,
                  [&](const SqlKey& key) { ShowDue(key, start_ts_, *keyspace_); });
  });
  return Ok();
}

std::string_view Transaction::PresentSql(CommitTs start_ts) {
  start_ts_ = start_ts;
  sql_.clear();
  SqlText sql(sql_);
  sql.Sql("SELECT ").Sql(kKeyColumnsWithoutValue).Sql(",events FROM tw_keys WHERE");
  AppendKeyIn(sql, BlindKeys());
  return sql_;
}

// Revisions of a key only grow. So a row of ours was written by us, an older one was not, and of a
// newer one nobody can tell.
Status Transaction::TakePresent(const SqlReply& reply) {
  if (!reply.error.ok()) return Error{Errc::kUnavailable, reply.error.text};
  const std::vector<const BlindWrite*> writes = BlindWrites();
  bool unknown = false;
  reply.results.front().ForEach([&](std::span<const Value> row) {
    const auto key = ReadKeyRow(row, databases_);
    if (!key) return;
    const auto write = std::find_if(writes.begin(), writes.end(), [&](const BlindWrite* one) {
      return one->db == key->db && one->key == key->key;
    });
    if (write == writes.end()) return;
    const bool written = key->rev == start_ts_;
    if (written && key->value.starts_with("expired")) {
      return ShowDue({key->db, key->key}, start_ts_, *keyspace_);
    }
    // What else was there before does not matter to a plain SET.
    if ((*write)->kind == BlindWrite::Kind::kPut) return;
    unknown = unknown || key->rev > start_ts_;
    const bool erases = (*write)->kind == BlindWrite::Kind::kErase;
    if (erases && written && key->value == "del") ShowTaken(**write, *keyspace_);
    if (!erases && !written) LoadWithoutValue(*keyspace_, *key);
  });
  if (unknown) return Error{Errc::kUnavailable, "others wrote since"};
  ShowLateAsTaken();
  return Ok();
}

std::string_view Transaction::SnapshotSql(CommitTs start_ts) {
  start_ts_ = start_ts;
  sql_.clear();
  SqlText sql(sql_);
  sql.Sql("SET @@tidb_snapshot='").Number(start_ts).Sql("';SELECT ").Sql(kKeyColumnsWithoutValue);
  sql.Sql(" FROM tw_keys WHERE");
  AppendKeyIn(sql, BlindKeys());
  sql.Sql(";SET @@tidb_snapshot=''");
  return sql_;
}

Status Transaction::TakeSnapshot(const SqlReply& reply) {
  if (!reply.error.ok()) return Error{Errc::kIo, reply.error.text};
  LoadFound(reply.results[1]);  // behind SET
  return Ok();
}

}  // namespace tideway::backend
