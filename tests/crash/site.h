// The server under test with its data directory, over many starts and kills.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/crash/client.h"
#include "tests/harness/server_process.h"

namespace tideway::tests {

// How one start of the server differs from another.
struct Start {
  std::string appendfsync = "everysec";
  bool drop_unsynced = true;  // SIGKILL loses what was not synced, as a power loss would
  int io_threads = 1;
  std::string control_path;  // of the fault layer; empty: no faults
};

class Site {
 public:
  explicit Site(const std::string& binary);

  bool is_redis() const { return is_redis_; }
  const std::string& data_dir() const { return data_dir_; }
  // An empty data directory; the server must not run.
  void Renew();

  bool Begin(const Start& start);
  ServerProcess& server() { return server_; }
  Address address() const { return {server_.port(), server_.socket_path()}; }
  const std::string& error() const { return error_; }

  // As Begin() would start it, but in a directory of its own for socket and log.
  ServerProcess::Settings SettingsFor(const Start& start, const std::string& run_name) const;

  // Cuts the end off the newest journal file, as if the disk had lied; false if there is none.
  bool CutJournal(double part);

  void Keep() { folder_.Keep(); }

 private:
  std::string binary_;
  bool is_redis_;
  TempFolder folder_{"tideway-crash"};
  std::string data_dir_;
  int generation_ = 0;
  ServerProcess server_;
  std::string error_;
};

}  // namespace tideway::tests
