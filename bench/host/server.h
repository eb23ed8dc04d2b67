// Starts and stops the servers that are measured.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/options.h"

namespace tideway::bench {

/// What a server keeps on disk while it is measured.
enum class Durability {
  kNone,      ///< tideway: `--storage memory`; Redis: no AOF, no snapshots
  kEverysec,  ///< tideway: its journal, `appendfsync everysec` (its default); Redis: AOF everysec
              ///< without automatic rewrites, whose cost would fall on some runs and not on others
};

/// "no persistence" or "journal everysec": how a row's settings are told.
const char* DurabilityName(Durability durability);

/// A server process on a free loopback port with a data directory of its own. The process is killed
/// when this program dies, whatever the reason. Not thread-safe.
class Server {
 public:
  /// Starts `spec` on `data_dir` (made if missing, kept as it is if not) and returns when the
  /// server has answered PING with PONG. Throws BenchError with the end of the server's log when it
  /// exits or has not answered within 60 s.
  Server(const ServerSpec& spec, Durability durability, std::string data_dir);

  /// Ends the process if it still runs; the data directory stays.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// SIGTERM, and SIGKILL when the server has not gone after 20 s.
  void Stop();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// From fork to the first PONG.
  [[nodiscard]] std::chrono::nanoseconds startup() const { return startup_; }

 private:
  void Spawn(const ServerSpec& spec, Durability durability);
  void AwaitPong(std::chrono::steady_clock::time_point started);
  [[nodiscard]] std::string LogTail() const;

  std::string data_dir_;
  std::string log_path_;
  int port_ = 0;
  pid_t pid_ = -1;
  std::chrono::nanoseconds startup_{};
};

}  // namespace tideway::bench
