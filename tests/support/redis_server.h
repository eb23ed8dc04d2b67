// A redis-server of the machine, as the reference that tideway is compared with.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tideway::testing_support {

/// Runs until destroyed, in a folder of its own, on a unix socket only, without persistence.
class RedisServer {
 public:
  /// The version that defines what is right.
  static constexpr std::string_view kVersion = "7.0.15";

  /// Starts `redis-server` with `settings` ("--requirepass x") added. Null when there is none, when
  /// it does not start, or when it has another version than kVersion; *why says which: tests then
  /// skip with that reason.
  static std::unique_ptr<RedisServer> Start(const std::vector<std::string>& settings,
                                            std::string* why);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  const std::string& socket_path() const { return socket_path_; }

  /// Opens a connection, sends `bytes`, closes that direction, and returns all that the server
  /// answered until it closed the connection.
  std::string Exchange(std::string_view bytes) const;

 private:
  RedisServer(std::string folder, pid_t pid);
  bool WaitUntilReady();

  std::string folder_;
  std::string socket_path_;
  pid_t pid_;
};

}  // namespace tideway::testing_support
