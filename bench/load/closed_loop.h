// Load in which each connection waits for its replies: how much can a server do?
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/load/poller.h"
#include "bench/load/reply_check.h"
#include "bench/load/workload.h"

namespace tideway::bench {

/// Connections that each send a batch, wait for all of its replies, and send the next one: as many
/// batches are in flight as there are connections. One thread, the caller's.
class ClosedLoop {
 public:
  /// Connects. `workload` must outlive this object.
  ClosedLoop(int port, const Workload& workload, int connections, std::uint64_t seed);
  ~ClosedLoop();
  ClosedLoop(const ClosedLoop&) = delete;
  ClosedLoop& operator=(const ClosedLoop&) = delete;

  /// Runs for `length`; returns the operations whose replies came in that time. Batches stay in
  /// flight between two calls. Throws BenchError on a wrong reply.
  std::uint64_t Run(std::chrono::duration<double> length);

 private:
  struct Connection {
    int fd;
    ReplyCheck check;
  };

  void SendNext(Connection& connection);

  const Workload& workload_;
  std::vector<Connection> connections_;
  Poller poller_;
  std::size_t next_batch_;
  bool started_ = false;
};

}  // namespace tideway::bench
