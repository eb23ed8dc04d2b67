// One place of a thread's pool: keeps a connection alive, anew after each loss, at one of the
// cluster's addresses after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/tidb/connection_life.h"
#include "backend/tidb/marker.h"
#include "backend/tidb/sql_connection.h"

namespace tideway::backend {

/// How long a slot waits before it tries again. Pure; grows from 50 ms to 0.4 s, with jitter so
/// that the nodes of a cluster do not come back all at once.
class Backoff {
 public:
  explicit Backoff(uint64_t seed) : random_(seed | 1) {}
  int64_t NextMs();
  void Reset() { failures_ = 0; }
  uint32_t failures() const { return failures_; }

 private:
  static constexpr int64_t kFirstMs = 50;
  static constexpr int64_t kLongestMs = 400;
  uint32_t failures_ = 0;
  uint64_t random_;
};

/// Confined to its I/O thread.
class ConnectionSlot {
 public:
  /// `on_change` is called whenever the slot became usable or lost its connection.
  /// `lifetime_ms`: of a connection, 0 without limit.
  ConnectionSlot(ThreadPort& port, const std::vector<SqlEndpoint>& endpoints, size_t first,
                 uint64_t seed, int64_t lifetime_ms, std::function<void()> on_change);

  void Start() { Connect(); }
  bool idle() const { return state_ == State::kIdle; }
  bool down() const { return state_ == State::kDown || state_ == State::kConnecting; }
  /// Why the slot is down, for people.
  const std::string& last_error() const { return last_error_; }

  /// Takes the slot for a transaction.
  void Reserve() { state_ = State::kBusy; }
  SqlConnection& connection() { return *connection_; }
  /// Bytes of one packet.
  size_t packet_bytes_max() const { return packet_bytes_max_; }
  /// The marker of the next commit on this connection.
  Marker NextMarker() { return {marker_id_, ++marker_number_}; }
  /// In what state the transaction leaves the connection.
  enum class After : uint8_t {
    kClean,   // no transaction is open
    kOpen,    // one may be: it is rolled back before anybody else gets the connection
    kBroken,  // nobody knows: a fresh connection takes its place
  };
  /// Gives the slot back.
  void Release(After after);
  /// To be called now and then: looks after an idle connection.
  void Look(int64_t now_ms);

 private:
  enum class State : uint8_t { kDown, kConnecting, kIdle, kBusy };
  void Connect();
  void Open();
  void TakeOpened();
  void OnConnected(const SqlError& error);
  void OnPrepared(SqlReply reply);
  void Retry(const std::string& error);

  ThreadPort& port_;
  const std::vector<SqlEndpoint>& endpoints_;
  size_t next_endpoint_;
  const int64_t lifetime_ms_;
  const std::function<void()> on_change_;
  State state_ = State::kDown;
  Backoff backoff_;
  ConnectionLife life_;
  int64_t looked_ms_ = 0;
  bool fresh_ = false;  // since the last Look() it was made,
  bool used_ = false;   // or did something
  uint64_t random_;
  uint64_t marker_id_ = 0;  // new with each connection: an old one's commit can come late
  uint64_t marker_number_ = 0;
  size_t packet_bytes_max_ = 0;
  std::string last_error_;
  std::unique_ptr<Waiter> timer_;
  std::unique_ptr<SqlConnection> connection_;
  std::unique_ptr<SqlConnection> opening_;  // the next one, while connection_ may be at work
  bool opened_ = false;                     // it is ready
  size_t opened_packet_bytes_max_ = 0;
};

}  // namespace tideway::backend
