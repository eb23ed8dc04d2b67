// The bus over NATS: every node hears what its clients want of every other node.
//
// Threads: I/O threads put what they publish, and interest, into an outbox under a mutex that
// nobody holds for longer than a copy, see cdc/bus_sender.h; so a slow or absent server holds up
// nobody. While there is no connection messages are counted as lost and interest is
// remembered; when it is back everything is subscribed again.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "backend/clock.h"
#include "cdc/bus.h"
#include "cdc/link.h"

namespace tideway::cdc {

struct NatsBusOptions {
  std::string prefix = "tw";  // first token of all subjects
  std::string node;           // this one's id, as NATS tokens have it: letters and digits
  std::string cluster;        // of the data
  bool events = false;        // other nodes have the same data
  /// Messages that wait for the server; what comes when they are more is dropped and counted.
  size_t backlog_bytes_max = size_t{64} << 20;
};

std::unique_ptr<Bus> MakeNatsBus(const NatsBusOptions& options, std::unique_ptr<Link> link,
                                 const backend::Clock& clock);

}  // namespace tideway::cdc
