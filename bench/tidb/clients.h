// The two clients that are compared: one that speaks Redis to tideway, and one that sends TiDB one
// SQL statement for each command.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tideway::bench {

/// One blocking connection. Throws std::runtime_error when anything but an answer comes.
class Client {
 public:
  virtual ~Client() = default;
  virtual void Get(uint64_t key) = 0;
  virtual void Set(uint64_t key) = 0;
  virtual void Incr(uint64_t key) = 0;
  virtual void HSet(uint64_t key) = 0;
  /// SET NX EX, GET, DEL: what ion does for each of its operations.
  virtual void LockedGet(uint64_t key) = 0;
  /// Waits for what was asked for. Clients with a pipeline do so when it is full, too.
  virtual void Flush() {}
};

/// `pipeline` commands at a time.
std::unique_ptr<Client> ConnectRedis(uint16_t port, size_t pipeline);
/// Tables that hold just the value, made in the database if need be.
std::unique_ptr<Client> ConnectSql(uint16_t port, const std::string& database);
/// The same with rows that can do what tideway's can: expire, and tell their events.
std::unique_ptr<Client> ConnectSqlRows(uint16_t port, const std::string& database);

/// `INFO backend` of a tideway, a number of it.
uint64_t BackendFigure(uint16_t port, const std::string& name);

}  // namespace tideway::bench
