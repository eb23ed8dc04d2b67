// One connection to TiDB, driven without blocking by the I/O thread that owns it.
//
//   connection.Connect([](const SqlError& error) { … });
//   connection.Run(sql, [](SqlReply reply) { … });     // several statements make one round trip
//
// Confined to its I/O thread; one call at a time. Calls never come from within Connect() or Run().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/thread_port.h"
#include "backend/tidb/host_name.h"

namespace tideway::backend {

/// Where and as whom to connect.
struct SqlEndpoint {
  std::string host;
  std::shared_ptr<HostName> name;  // of a host that is no address: how to find one
  uint16_t port = 4000;
  std::string user;
  std::string password;
  std::string database;  // empty: none selected
  bool tls = false;
  bool tls_verify = false;
  std::string tls_ca;  // file; empty: the system's
  int64_t connect_timeout_ms = 2'000;
  /// Shared by all copies: it does not answer, and the log has said so.
  std::shared_ptr<std::atomic<bool>> told_away = std::make_shared<std::atomic<bool>>(false);
};

/// An error as the server or the client library tells it; code 0 is none.
struct SqlError {
  unsigned code = 0;
  std::string text;
  bool ok() const { return code == 0; }
  /// The connection broke: what was sent may or may not have been done.
  bool connection_lost() const;
};

/// The rows of one statement. Values point into the result.
class SqlRows {
 public:
  using Value = std::optional<std::string_view>;  // empty: NULL

  SqlRows() = default;
  /// Takes over a MYSQL_RES, which may be null: a statement without rows.
  explicit SqlRows(void* result);

  size_t size() const;
  size_t columns() const;
  /// fn(values) for each row, in order; `values` dies with the call, what they show with the rows.
  void ForEach(const std::function<void(std::span<const Value>)>& fn) const;

 private:
  struct Free {
    void operator()(void* result) const;
  };
  std::unique_ptr<void, Free> result_;
};

/// What came back for one packet of statements, up to the first that failed.
struct SqlReply {
  std::vector<SqlRows> results;
  SqlError error;
};

class SqlConnection {
 public:
  SqlConnection(ThreadPort& port, SqlEndpoint endpoint);
  /// Closes at once; a call under way is never told.
  ~SqlConnection();
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;

  /// Once, first.
  void Connect(std::function<void(SqlError)> done);
  /// Sends `sql`, which is copied, as one packet. `timeout_ms`, from now: then the connection is
  /// given up and the error is connection_lost().
  void Run(std::string_view sql, int64_t timeout_ms, std::function<void(SqlReply)> done);

  /// The server's id of this connection; 0 before it is there.
  uint64_t server_id() const;
  const SqlEndpoint& endpoint() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace tideway::backend
