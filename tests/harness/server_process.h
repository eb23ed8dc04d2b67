// Starts, watches and ends real server processes, redis-server's and tideway's alike.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tideway::tests {

// A folder of its own under TMPDIR (or /tmp), removed with all it holds unless Keep() was called.
class TempFolder {
 public:
  explicit TempFolder(const std::string& name);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  void Keep() { keep_ = true; }

 private:
  std::string path_;
  bool keep_ = false;
};

// A loopback port that was free a moment ago.
std::uint16_t FreePort();

// What `binary --version` prints, or nothing when it cannot be run.
std::optional<std::string> VersionOf(const std::string& binary);

// The binary's own words say that it is Redis.
bool IsRedis(const std::string& binary);

// A process that serves on a loopback port and a unix socket. One thread.
class ServerProcess {
 public:
  struct Settings {
    std::string binary;
    std::vector<std::string> args;           // beside --port, --unixsocket and --dir
    std::map<std::string, std::string> env;  // added to this process's own
    std::string dir;                         // of the data; must exist
    std::string run_dir;                     // of socket and log; `dir` when empty
    std::chrono::milliseconds start_timeout{20'000};
  };

  ServerProcess() = default;
  ~ServerProcess() { Kill(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Starts and waits until it answers PING. False: it ended or never answered; see error().
  bool Start(const Settings& settings);

  // Starts and waits for the process to end by itself. Its exit status, or nothing if it still
  // runs after `timeout` (it is killed then). Its words are in log().
  std::optional<int> RunToEnd(const Settings& settings, std::chrono::milliseconds timeout);

  void Kill();  // SIGKILL, and waits
  // SIGTERM; the exit status, or nothing if it had to be killed after `timeout`.
  std::optional<int> Terminate(std::chrono::milliseconds timeout);
  bool Running();

  pid_t pid() const { return pid_; }
  std::uint16_t port() const { return port_; }
  const std::string& socket_path() const { return socket_path_; }
  const std::string& error() const { return error_; }
  // What the process printed in this run, the last `bytes` of it.
  std::string Log(std::size_t bytes = 2000) const;

 private:
  bool Spawn(const Settings& settings);
  std::optional<int> WaitForEnd(std::chrono::milliseconds timeout);

  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  std::string socket_path_;
  std::string log_path_;
  std::string error_;
};

}  // namespace tideway::tests
