#include "backend/tidb/transaction.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "backend/data/key_hash.h"
#include "backend/tidb/schema.h"
#include "backend/tidb/sql_errors.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/sql_text.h"
#include "backend/tidb/tombstone.h"
#include "backend/tidb/value_codec.h"

namespace tideway::backend {
namespace {

using Value = SqlRows::Value;

// The packet of a commit may be so much longer than its rows: marker, COMMIT and so on.
constexpr size_t kPacketRest = 1024;
// Longer statements give their memory back.
constexpr size_t kSqlBytesKept = size_t{256} << 10;

void SortUnique(std::vector<SqlKey>& keys) {
  const auto before = [](const SqlKey& a, const SqlKey& b) {
    return std::tie(a.db, a.key) < std::tie(b.db, b.key);
  };
  std::sort(keys.begin(), keys.end(), before);
  keys.erase(
      std::unique(keys.begin(), keys.end(),
                  [](const SqlKey& a, const SqlKey& b) { return a.db == b.db && a.key == b.key; }),
      keys.end());
}

// The names of a row's events, none of them cut.
std::string_view EventsThatFit(std::string_view events) {
  if (events.size() <= kTidbEventsBytesMax) return events;
  return events.substr(0, events.rfind(',', kTidbEventsBytesMax));
}

Error RunAgainError(std::string why) { return {Errc::kUnavailable, std::move(why)}; }

}  // namespace

Transaction::Transaction(uint32_t databases, size_t value_bytes_max, FlushTimes& flushes)
    : databases_(databases),
      value_bytes_max_(value_bytes_max),
      known_flushes_(flushes),
      flushes_(databases),
      large_(value_bytes_max) {}

// With the limits of compact forms as they are by default: a value that was loaded is what it was,
// not what the settings would make of it now.
void Transaction::MakeKeyspace() {
  keyspace_ = std::make_unique<Keyspace>(Keyspace::Options{.databases = databases_});
}

void Transaction::Begin(std::span<TidbBatch* const> batches, bool writes) {
  batches_.assign(batches.begin(), batches.end());
  writes_ = writes;
  blind_ = writes && std::all_of(batches.begin(), batches.end(),
                                 [](const TidbBatch* batch) { return batch->goes_blind(); });
  flushes_databases_ = std::any_of(batches.begin(), batches.end(), [](const TidbBatch* batch) {
    return std::any_of(batch->ranges.begin(), batch->ranges.end(), [](const RangeRead& range) {
      return range.kind == RangeRead::Kind::kFlush;
    });
  });
  // A batch with ranges travels alone.
  ranges_.Begin(batches.front()->ranges, databases_);
  MakeKeyspace();
  revisions_.clear();
  large_.Clear();
  abandoned_flush_ = false;
  flush_announced_ = batches.front()->flush_announced;
  foreign_rows_ = 0;
  refused_by_row_ = false;
  commit_ts_ = 0;
  start_ts_ = 0;
  answered_ms_ = 0;
  error_text_.clear();
}

void Transaction::Forget(std::span<TidbBatch* const> batches) {
  std::erase_if(batches_, [&](TidbBatch* batch) {
    return std::find(batches.begin(), batches.end(), batch) != batches.end();
  });
}

void Transaction::Clear() {
  keyspace_.reset();
  packets_.clear();
  if (sql_.capacity() > kSqlBytesKept) std::string().swap(sql_);
  if (value_.capacity() > kSqlBytesKept) std::string().swap(value_);
}

// --- load

std::string_view Transaction::LoadSql() {
  sql_.clear();
  if (writes_) sql_ += "BEGIN OPTIMISTIC;";
  AppendLoad();
  return sql_;
}

void Transaction::AppendLoad() {
  SqlText sql(sql_);
  ranges_.AppendSelects(sql);
  selects_ = ranges_.statements();
  AppendSelect(false);
  if (!writes_) return;
  AppendSelect(true);
  sql.Sql("SELECT @@tidb_current_ts;");
}

// Those that the batches look at.
std::set<uint32_t> Transaction::Databases() const {
  std::set<uint32_t> databases;
  for (const TidbBatch* batch : batches_) {
    for (const Read& read : batch->reads) databases.insert(read.db);
    for (const RangeRead& range : batch->ranges) databases.insert(range.db);
  }
  return databases;
}

// Keys that a command reads together with others are locked, or their values could be of different
// moments by the time of the commit. The rows of databases never are: all would wait for all.
void Transaction::AppendSelect(bool locked) {
  std::vector<SqlKey> keys;
  for (const TidbBatch* batch : batches_) {
    for (const Read& read : batch->reads) {
      // What is too long to be there is not asked for: it need not fit into a packet.
      if (read.key.size() > kTidbKeyBytesMax) continue;
      if ((read.together && writes_) == locked) keys.push_back({read.db, read.key});
    }
  }
  if (!locked) {
    for (const uint32_t db : Databases()) keys.push_back(flushes_.RowOf(db));
  }
  if (keys.empty()) return;
  SortUnique(keys);
  SqlText sql(sql_);
  sql.Sql("SELECT ").Sql(kKeyColumns).Sql(" FROM tw_keys WHERE");
  AppendKeyIn(sql, keys);
  if (locked) sql.Sql(" FOR UPDATE");
  sql.Sql(";");
  ++selects_;
}

Status Transaction::TakeFlushTimes(const SqlRows& rows) {
  flushes_.Learn(Databases(), rows);
  known_flushes_.Keep(flushes_);
  return CheckFlushing();
}

Status Transaction::TakeLoaded(const SqlReply& reply) {
  if (!reply.error.ok()) {
    error_text_ = reply.error.text;
    return Error{IsTrouble(reply.error.code) ? Errc::kUnavailable : Errc::kIo,
                 "ERR the database refused: " + reply.error.text};
  }
  const size_t first = writes_ ? 1 : 0;  // behind BEGIN
  if (reply.results.size() != first + Loads()) {
    return Error{Errc::kIo, "ERR the database answered a load with " +
                                std::to_string(reply.results.size()) + " results"};
  }
  if (Status taken = TakeRows(std::span(reply.results).subspan(first)); !taken.ok()) return taken;
  PresetRevisions();
  ranges_.CountWhatIsNotShown(*keyspace_);
  return Ok();
}

// The answers to AppendLoad().
Status Transaction::TakeRows(std::span<const SqlRows> results) {
  if (writes_) {
    results[selects_].ForEach(
        [&](std::span<const Value> row) { start_ts_ = NumberOf<uint64_t>(row[0], 0); });
  }
  // Keys and databases in one answer, behind those of ranges.
  if (Status taken = TakeFlushTimes(results[ranges_.statements()]); !taken.ok()) return taken;
  if (Status taken = ranges_.Take(results, flushes_, *keyspace_); !taken.ok()) return taken;
  unreadable_.clear();
  for (size_t i = ranges_.statements(); i < selects_; ++i) {
    results[i].ForEach([&](std::span<const Value> row) {
      if (const auto key = ReadKeyRow(row, databases_)) LoadRow(*key);
    });
  }
  if (!unreadable_.empty()) return Error{Errc::kCorrupt, unreadable_};
  return large_.Plan(batches_, *keyspace_);
}

void Transaction::LoadRow(const KeyRow& row) {
  const bool flushed = flushes_.Absent(row.db, row.rev);
  // A tombstone has a revision too: a key that was deleted and made again has changed. So has a key
  // that a flush took, but not one that was absent then.
  const uint64_t revision = flushed && row.type != 0 ? ~row.rev : row.rev;
  revisions_.push_back({row.db, std::string(row.key), revision});
  if (flushed || row.type == 0) return;
  if (row.incarnation) {
    if (!large_.Found(row)) Unreadable(row.key, "its size is none");
    return;
  }
  LoadValue(row.db, row.key, row.type, row.expire_at_ms, row.value);
}

void Transaction::LoadValue(uint32_t db, std::string_view key, uint32_t type, int64_t expire_at_ms,
                            std::string_view bytes) {
  const StoredValue stored{
      .type = static_cast<uint8_t>(type), .expire_at_ms = expire_at_ms, .bytes = bytes};
  const Status loaded = LoadInline(*keyspace_, KeyHash(key), db, key, stored);
  if (!loaded.ok()) Unreadable(key, loaded.error().detail);
}

// Neither absent nor overwritten unseen: another program's mistake, or damage.
void Transaction::Unreadable(std::string_view key, std::string_view why) {
  ++foreign_rows_;
  constexpr size_t kShown = 64;
  std::string name;
  for (const char byte : key.substr(0, kShown)) {
    name += byte >= ' ' && byte <= '~' ? byte : '?';
  }
  unreadable_ = "ERR the value of '" + name + "' cannot be read: " + std::string(why);
}

// What reads outside a transaction reads all of it again, so that it is of one moment.
std::string_view Transaction::LoadMoreSql() {
  sql_.clear();
  SqlText sql(sql_);
  if (large_.wants_more()) {
    if (!writes_) {
      sql_ += "BEGIN OPTIMISTIC;";
      AppendLoad();
    }
    large_.AppendSelects(sql);
    if (!writes_) sql_ += "ROLLBACK;";
  }
  ranges_.AppendCursors(sql);
  return sql_;
}

Status Transaction::TakeMore(const SqlReply& reply) {
  if (!reply.error.ok()) {
    error_text_ = reply.error.text;
    return Error{IsTrouble(reply.error.code) ? Errc::kUnavailable : Errc::kIo,
                 "ERR the database refused: " + reply.error.text};
  }
  if (!large_.wants_more()) return Ok();
  std::span<const SqlRows> results(reply.results);
  if (!writes_) {
    const size_t again = 1 + Loads();  // behind BEGIN
    if (results.size() < again) return Error{Errc::kIo, "ERR the database did not answer all"};
    MakeKeyspace();
    revisions_.clear();
    const LargeLoad planned = std::exchange(large_, LargeLoad(value_bytes_max_));
    if (Status taken = TakeRows(results.subspan(1)); !taken.ok()) return taken;
    if (!large_.SelectsAs(planned)) return RunAgainError("a large value was replaced");
    PresetRevisions();
    results = results.subspan(again);
  }
  if (Status taken = large_.Take(results, *keyspace_); !taken.ok()) return taken;
  ranges_.CountWhatIsNotShown(*keyspace_);
  return Ok();
}

void Transaction::PresetRevisions() {
  if (std::none_of(batches_.begin(), batches_.end(),
                   [](const TidbBatch* batch) { return batch->wants_revisions; })) {
    return;
  }
  for (const Revision& revision : revisions_) {
    keyspace_->stripe(Keyspace::StripeOf(KeyHash(revision.key)))
        .watches.Preset(revision.db, revision.key, revision.rev);
  }
  for (const TidbBatch* batch : batches_) {
    for (const Read& read : batch->reads) {
      keyspace_->stripe(Keyspace::StripeOf(read.hash)).watches.Preset(read.db, read.key, 0);
    }
  }
}

// --- commit

bool Transaction::changed() const {
  // The place of a SCAN was written in the transaction.
  return flush_announced_ != 0 || (writes_ && ranges_.keeps_cursors()) ||
         std::any_of(batches_.begin(), batches_.end(),
                     [](TidbBatch* batch) { return !batch->view().changes().empty(); });
}

Result<std::span<const std::string>> Transaction::CommitSql(const Marker& marker,
                                                            size_t packet_bytes_max) {
  sql_.clear();
  packets_.clear();
  touched_.Clear();
  large_written_ = 0;
  for (TidbBatch* batch : batches_) {
    if (Status added = touched_.Add(batch->view().changes().view()); !added.ok()) {
      return added.error();
    }
  }
  if (touched_.swapped()) {
    return Error{Errc::kUnsupported, "ERR SWAPDB is not supported with backend tidb://"};
  }
  AppendFlushes();
  rows_ = 0;
  PartsWriter parts(packets_);
  for (const TouchedKey& touched : touched_.Keys()) {
    if (touched.flushed) continue;  // gone with its database, whatever its row says
    if (Status appended = AppendRow(touched, parts); !appended.ok()) return appended.error();
  }
  SqlText sql(sql_);
  if (rows_ > 0) sql.Sql(";");
  AppendMarker(sql, marker);
  sql.Sql(";COMMIT;SELECT @@tidb_last_txn_info");
  sql_.insert(0, parts.Finish());
  packets_.push_back(sql_);
  for (const std::string& packet : packets_) {
    if (packet.size() + kPacketRest <= packet_bytes_max) continue;
    return Error{Errc::kTooLarge, "ERR a packet of " + std::to_string(packet.size()) +
                                      " bytes is larger than " + std::to_string(packet_bytes_max) +
                                      " (max_allowed_packet of TiDB)"};
  }
  return std::span<const std::string>(packets_);
}

Status Transaction::AppendRow(const TouchedKey& touched, PartsWriter& parts) {
  if (touched.key.size() > kTidbKeyBytesMax) {
    return Error{Errc::kTooLarge, "ERR key of " + std::to_string(touched.key.size()) +
                                      " bytes is longer than " + std::to_string(kTidbKeyBytesMax) +
                                      ", the limit of TiDB"};
  }
  SqlText sql(sql_);
  if (rows_ == 0) {
    sql.Sql("REPLACE INTO tw_keys ").Sql(KeyRowColumns()).Sql(" VALUES ");
  } else {
    sql.Sql(",");
  }
  SqlKeyRow row;
  row.key = {touched.db, touched.key};
  row.events = EventsThatFit(touched.events);
  const Entry* const entry = FindEntry(*keyspace_, touched.hash, touched.db, touched.key);
  if (entry != nullptr) {
    if (Status value = AppendValue(touched, *entry, parts, row); !value.ok()) return value;
  } else {
    row.expire_at_ms = MsOf(start_ts_) + kTombstoneMs;
  }
  AppendKeyRow(sql, row);
  ++rows_;
  return Ok();
}

TransactionEnd Transaction::JudgeUnsent(const SqlReply& reply) {
  error_text_ = reply.error.text;
  return reply.error.connection_lost() || IsTrouble(reply.error.code) ? TransactionEnd::kConflict
                                                                      : TransactionEnd::kFailed;
}

TransactionEnd Transaction::Judge(const SqlReply& reply) {
  if (!reply.error.ok()) {
    error_text_ = reply.error.text;
    if (IsUndetermined(reply.error)) return TransactionEnd::kUnknown;
    refused_by_row_ = reply.error.code == kRefusedByRow;
    // The results are of the statements that went well. One before COMMIT failed: COMMIT was never
    // run. COMMIT did, and not by refusing: TiDB can say so of one that was applied. The one behind
    // COMMIT: it was. (No value has a semicolon in it, all bytes are hexadecimal.)
    const auto statements = std::count(sql_.begin(), sql_.end(), ';') + 1;
    const auto commit = static_cast<size_t>(statements) - 2;
    const unsigned code = reply.error.code;
    const bool refused = IsConflict(code) || IsRefusedCommit(code);
    if (reply.results.size() > commit || (reply.results.size() == commit && !refused)) {
      return TransactionEnd::kUnknown;
    }
    return IsTrouble(code) ? TransactionEnd::kConflict : TransactionEnd::kFailed;
  }
  std::string info;
  if (!reply.results.empty()) {
    reply.results.back().ForEach([&](std::span<const Value> row) {
      if (row[0]) info = *row[0];
    });
  }
  // The information is of the session's last transaction: ours, if the start is ours.
  const uint64_t start_ts = JsonNumber(info, "start_ts");
  if (blind_) start_ts_ = start_ts;
  if (start_ts == start_ts_) commit_ts_ = JsonNumber(info, "commit_ts");
  return TransactionEnd::kCommitted;
}

}  // namespace tideway::backend
