// Load of one publisher and many subscribers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/poller.h"

namespace tideway::bench {

/// One publisher and many subscribers of one channel. The publisher sends a batch of PUBLISH
/// commands; when its replies and every delivery of the batch have come, it sends the next batch.
/// So no delivery can be put together with one of a later batch: with batches of one, each delivery
/// is a write of its own for the server. One thread, the caller's.
class FanOut {
 public:
  /// Connects `subscribers` clients, subscribes them (RESP2) and waits for the confirmations. The
  /// publisher is a client of `publish_port`, another node without subscribers, if that is not 0.
  FanOut(int port, int subscribers, int batch, int payload_bytes, int publish_port = 0);
  ~FanOut();
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  /// Runs for `length` and ends on a whole batch; returns the number of deliveries. Throws
  /// BenchError on a wrong, missing or additional delivery.
  std::uint64_t Run(std::chrono::duration<double> length);

 private:
  struct Receiver {
    int fd;
    std::size_t seen = 0;  ///< bytes of the batch in progress
  };

  void RunBatch();

  Poller poller_;
  std::vector<Receiver> receivers_;  ///< the last one is the publisher
  std::string request_;
  std::string delivery_;  ///< what each subscriber gets for one batch
  std::string reply_;     ///< what the publisher gets
  int batch_;
};

}  // namespace tideway::bench
