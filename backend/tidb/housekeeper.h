// What has to happen without any client asking: due keys become `expired` tombstones, old
// tombstones and what a FLUSHDB left behind go, and so do pieces of large values that no key owns
// any more. Every node is ready to do it, the holder of a lease does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/clock.h"
#include "backend/tidb/connection_slot.h"
#include "backend/tidb/database_sizes.h"
#include "backend/tidb/flush_times.h"
#include "backend/tidb/key_rows.h"
#include "backend/tidb/lease.h"
#include "backend/tidb/shared_settings.h"
#include "backend/tidb/tidb_counters.h"
#include "backend/tidb/tso_clock.h"

namespace tideway::backend {

/// A key that the housekeeper found due.
struct ExpiredKey {
  uint32_t db;
  std::string key;
};

/// On one I/O thread of each node, with a connection of its own and one packet at a time.
class Housekeeper {
 public:
  /// `on_expired` is called on the thread, after the commit; so is `on_setting`, when another node
  /// has set one of `settings`.
  Housekeeper(const std::vector<SqlEndpoint>& endpoints, uint32_t databases, const Clock& clock,
              TsoClock& time, TidbCounters& counters, DatabaseSizes& sizes, ThreadPort& port,
              SharedSettings& settings, uint64_t seed,
              std::function<void(std::vector<ExpiredKey>)> on_expired,
              std::function<void(const std::string& name, const std::string& value)> on_setting);

  void Start() { slot_.Start(); }
  /// Does what is due next, if nothing is at work. Called about every 100 ms.
  void Look();
  /// Off: due keys stay, unseen, unless another node takes over.
  void set_expires(bool on) { expires_ = on; }

 private:
  using Handler = void (Housekeeper::*)(SqlReply);
  void Send(const std::string& sql, Handler handler);
  /// The step is over; goes on at once when there may be more of the same.
  void Done(const SqlReply& reply, bool more = false);
  int64_t NowMs() const { return clock_.MonotonicUs() / 1000; }

  void OnLeaseLooked(SqlReply reply);
  void OnLeaseTaken(SqlReply reply);
  void LookForDue();
  void OnDue(SqlReply reply);
  void OnExpired(SqlReply reply);
  void LookForLost();
  void OnLost(SqlReply reply);
  void CountKeys();
  void OnCounted(SqlReply reply);
  void LookForFlushed();
  void OnFlushed(SqlReply reply);
  void OnFlushedCollected(SqlReply reply);
  void LookForOrphans();
  void OnOrphans(SqlReply reply);
  void OnOrphansCollected(SqlReply reply);
  void OnOldForgotten(SqlReply reply);
  void OnSettings(SqlReply reply);
  /// The end of a step of which nothing has to be told.
  void OnEnded(SqlReply reply);

  const uint32_t databases_;
  const Clock& clock_;
  TsoClock& time_;
  TidbCounters& counters_;
  DatabaseSizes& sizes_;
  SharedSettings& settings_;
  const std::function<void(std::vector<ExpiredKey>)> on_expired_;
  const std::function<void(const std::string&, const std::string&)> on_setting_;
  FlushTimes flushes_;
  Lease lease_;
  ConnectionSlot slot_;
  bool busy_ = false;
  bool expires_ = true;
  int64_t sent_ms_ = 0;
  int64_t lease_due_ms_ = 0;  // monotonic, as the others
  int64_t due_due_ms_ = 0;
  int64_t count_due_ms_ = 0;
  int64_t flushed_due_ms_ = 0;
  int64_t orphans_due_ms_ = 0;
  int64_t old_due_ms_ = 0;
  int64_t settings_due_ms_ = 0;
  size_t keys_a_step_;
  std::vector<ExpiredKey> expiring_;
  uint64_t expiring_ts_ = 0;      // start_ts of the transaction that expires them
  std::vector<ExpiredKey> lost_;  // whose COMMIT was not answered
  bool more_due_ = false;
  struct Walk {
    uint32_t db = 0;
    uint64_t flushed = 0;  // flush_rev
    bool begun = false;
    bool last = false;          // of pages
    std::string position = {};  // keys up to here have been looked at
    std::string next = {};
  };
  std::optional<Walk> walk_;
  std::vector<uint64_t> walked_;  // by database: the flush_rev that nothing is left of
  uint64_t orphans_last_ = 0;     // of those that are being collected
  uint64_t orphans_from_ = 0;     // incarnations up to here have been looked at
};

}  // namespace tideway::backend
