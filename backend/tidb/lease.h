// Who does what only one node of the cluster should do. A row with an owner and a time until which
// it stands; nobody has to be told: a lease that is not renewed passes to whoever looks next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backend/tidb/sql_connection.h"

namespace tideway::backend {

/// The words of one node about one lease. Pure; by the database's time, so that no two nodes hold
/// it whatever their clocks say.
class Lease {
 public:
  /// How long it stands without being renewed, and how often it is looked at: at most the sum
  /// passes until the next node has it.
  static constexpr int64_t kStandsMs = 7'000;
  static constexpr int64_t kLookMs = 2'000;

  /// `owner` is this node's alone.
  Lease(std::string name, std::string owner) : name_(std::move(name)), owner_(std::move(owner)) {}

  /// The packet that looks.
  std::string LookSql() const;
  /// The packet that follows: takes or renews it, or goes away empty-handed.
  std::string TakeSql(const SqlReply& looked);
  /// What the answer to TakeSql() means. `looked_at_ms`: monotonic, before LookSql() was sent.
  void Taken(const SqlReply& reply, int64_t looked_at_ms);

  /// This node may act now, and for `for_ms` more.
  bool held(int64_t monotonic_ms, int64_t for_ms = 0) const {
    return monotonic_ms + for_ms < held_until_ms_;
  }
  /// Timestamp of the last look: the database's time then.
  uint64_t looked_ts() const { return looked_ts_; }

 private:
  const std::string name_;
  const std::string owner_;
  bool wanted_ = false;
  uint64_t looked_ts_ = 0;
  int64_t held_until_ms_ = 0;  // monotonic
};

}  // namespace tideway::backend
