// A real TiDB with its own store, for tests.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

namespace tideway::testing_support {

/// Runs until destroyed, on free loopback ports, with its data in a folder of its own.
class TidbServer {
 public:
  /// Null when there is none: *why says so, tests then skip with that reason. The program is
  /// TIDEWAY_TIDB, or what tests/tidb/build.sh has built; it is not built here. "off": none. Throws
  /// when there is one that does not start.
  /// `settings` are added to its configuration file.
  static std::unique_ptr<TidbServer> Start(std::string* why, const std::string& settings = {});
  ~TidbServer();
  TidbServer(const TidbServer&) = delete;
  TidbServer& operator=(const TidbServer&) = delete;

  uint16_t port() const { return port_; }
  /// `tidb://root@127.0.0.1:port/database`
  std::string Address(const std::string& database) const;

  /// SIGKILL; the data stays.
  void Kill();
  /// Starts it again on the same ports and data; waits until it answers.
  bool Restart();
  /// SIGSTOP, done when all threads stand still, and SIGCONT.
  void Freeze();
  void Thaw();

 private:
  TidbServer(std::string program, std::string folder, uint16_t port, uint16_t status_port);
  bool Spawn();
  bool WaitUntilReady();

  const std::string program_;
  const std::string folder_;
  const uint16_t port_;
  const uint16_t status_port_;
  pid_t pid_ = 0;
};

}  // namespace tideway::testing_support
