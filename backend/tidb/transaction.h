// The SQL of one transaction: what it sends, and what the answers mean. Pure: no socket, no clock.
//
// A transaction carries the batches of several clients. Its keyspace holds what they read; they run
// on it one after another, so that the second sees what the first did; then their changes leave
// together:
//
//   BEGIN OPTIMISTIC; SELECT …                                        one packet: load
//   REPLACE INTO tw_keys …; marker; COMMIT; SELECT @@tidb_last_txn_info   one packet: commit
//
// Batches that only read need no transaction: one SELECT that reads the newest committed state.
// Batches whose writes need no load are written first (blind_write.h) and run on what was found.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/clock.h"
#include "backend/data/keyspace.h"
#include "backend/result.h"
#include "backend/tidb/flush_times.h"
#include "backend/tidb/key_rows.h"
#include "backend/tidb/large_load.h"
#include "backend/tidb/marker.h"
#include "backend/tidb/range_load.h"
#include "backend/tidb/sql_connection.h"
#include "backend/tidb/tidb_batch.h"
#include "backend/tidb/touched_keys.h"

namespace tideway::backend {

/// What an answer says about the transaction.
enum class TransactionEnd : uint8_t {
  kCommitted,
  kConflict,  // surely not applied; runs again
  kFailed,    // surely not applied; running again does not help
  kUnknown,   // applied or not: ask the marker
};

class Transaction {
 public:
  /// `value_bytes_max`: what is written or read as one value is not longer.
  Transaction(uint32_t databases, size_t value_bytes_max, FlushTimes& flushes);

  /// Begins anew with these batches. `writes`: some of them may change something.
  void Begin(std::span<TidbBatch* const> batches, bool writes);

  // --- FLUSHDB says first that it comes (flush_times.h)
  bool flushes() const { return flushes_databases_; }
  std::string_view AnnounceFlushSql();
  Status TakeFlushAnnounced(const SqlReply& reply);
  /// Takes back a flush that somebody left half done.
  std::string_view ForgetFlushSql();

  // --- load. Packets are valid until the next call.
  std::string_view LoadSql();
  /// Takes the answer over. kUnavailable: running again may help, and so does ForgetFlushSql() when
  /// abandoned_flush(); kTooLarge: it may help if the batches go one by one; else the text is for
  /// the clients.
  Status TakeLoaded(const SqlReply& reply);
  bool abandoned_flush() const { return abandoned_flush_; }
  /// A second packet: pieces of large values, the cursor of a SCAN. Empty: not needed.
  std::string_view LoadMoreSql();
  Status TakeMore(const SqlReply& reply);

  // --- write first
  bool blind() const { return blind_; }
  std::string_view BlindSql(const Marker& marker);
  /// After Judge() said kCommitted.
  Status TakeBlind(const SqlReply& reply);
  /// When the answer to BlindSql() was lost, but it is known that it was applied: the packet that
  /// looks at the rows as they are now. kUnavailable: they do not tell, for others wrote since.
  std::string_view PresentSql(CommitTs start_ts);
  Status TakePresent(const SqlReply& reply);
  /// Then this one, which looks at the past, as long as the database keeps it.
  std::string_view SnapshotSql(CommitTs start_ts);
  Status TakeSnapshot(const SqlReply& reply);
  /// By when a commit was known, Unix ms. A lock that was due by its commit was never held.
  void set_answered_ms(int64_t now_ms) { answered_ms_ = now_ms; }
  /// The same for batches that ran before their commit: whether this one, of SET NX alone, took
  /// such a lock. Then `keyspace` shows what it should have found.
  bool TookLateLock(TidbBatch& batch, Keyspace& keyspace) const;

  /// A flush was not known here: it will be, once something is loaded.
  bool refused_by_row() const { return refused_by_row_; }

  // --- commit
  /// After the handlers: whether anything is to be written.
  bool changed() const;
  /// The packets to send, in order; the last one commits. An error names the key and the limit when
  /// something is too large. `packet_bytes_max`: max_allowed_packet of the connection.
  Result<std::span<const std::string>> CommitSql(const Marker& marker, size_t packet_bytes_max);
  /// What the answer to the last packet, or to one that failed, says. Fills commit_ts().
  TransactionEnd Judge(const SqlReply& reply);
  /// The same of a packet before the last one, when it failed: no COMMIT was sent.
  TransactionEnd JudgeUnsent(const SqlReply& reply);

  /// These batches do not wait for the end any more.
  void Forget(std::span<TidbBatch* const> batches);
  /// Gives memory back.
  void Clear();

  Keyspace& keyspace() { return *keyspace_; }
  RangeAnswers* range_answers() { return ranges_.answers(); }
  bool writes() const { return writes_; }
  /// 0 when it is not known, as after a fence.
  CommitTs commit_ts() const { return commit_ts_; }
  CommitTs start_ts() const { return start_ts_; }
  const std::string& error_text() const { return error_text_; }
  /// Rows of keys in the last CommitSql().
  size_t rows() const { return rows_; }
  /// Rows left out because nobody can read their value.
  size_t foreign_rows() const { return foreign_rows_; }

 private:
  struct Revision {
    uint32_t db;
    std::string key;
    uint64_t rev;
  };

  void MakeKeyspace();
  void AppendLoad();
  size_t Loads() const { return selects_ + (writes_ ? 1 : 0); }  // its statements
  std::set<uint32_t> Databases() const;
  void AppendSelect(bool locked);
  Status TakeRows(std::span<const SqlRows> results);
  void Unreadable(std::string_view key, std::string_view why);
  Status TakeFlushTimes(const SqlRows& rows);
  Status CheckFlushing();
  void LoadRow(const KeyRow& row);
  void LoadValue(uint32_t db, std::string_view key, uint32_t type, int64_t expire_at_ms,
                 std::string_view bytes);
  void PresetRevisions();
  void LoadFound(const SqlRows& rows);
  void ShowLateAsTaken();
  bool IsLate(const BlindWrite& write) const;
  std::vector<const BlindWrite*> BlindWrites() const;
  std::vector<SqlKey> BlindKeys() const;
  Status AppendRow(const TouchedKey& touched, PartsWriter& parts);
  Status AppendValue(const TouchedKey& touched, const Entry& entry, PartsWriter& parts,
                     SqlKeyRow& row);
  Status AppendNewLarge(const Entry& entry, PartsWriter& parts, SqlKeyRow& row);
  Status AppendMemberChanges(const LargeLoad::Value& large, const Entry& entry, PartsWriter& parts);
  void AppendFlushes();

  const uint32_t databases_;
  const size_t value_bytes_max_;
  FlushTimes& known_flushes_;  // of the thread: of some load that has come back
  FlushTimes flushes_;         // by which this transaction was sent, and is judged
  std::unique_ptr<Keyspace> keyspace_;
  std::vector<TidbBatch*> batches_;
  bool writes_ = false;
  bool blind_ = false;
  bool looks_ = false;  // the blind packet has a SELECT of what is there
  bool refused_by_row_ = false;
  uint64_t number_ = 0;  // of the blind packet's marker
  bool flushes_databases_ = false;
  bool abandoned_flush_ = false;
  uint64_t flush_announced_ = 0;
  size_t selects_ = 0;
  std::string sql_;
  std::vector<std::string> packets_;
  std::string value_;       // of the row that is being written
  std::string large_size_;  // the same of a large one
  TouchedKeys touched_;
  RangeLoad ranges_;
  std::vector<Revision> revisions_;
  LargeLoad large_;
  uint32_t large_written_ = 0;
  size_t foreign_rows_ = 0;
  std::string unreadable_;  // the error about one of them
  size_t rows_ = 0;
  CommitTs commit_ts_ = 0;
  CommitTs start_ts_ = 0;
  int64_t answered_ms_ = 0;
  std::string error_text_;
};

}  // namespace tideway::backend
