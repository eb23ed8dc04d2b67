// The link to NATS by its C client, which only nats_connection.cc knows.
//
// What is changed of that client's defaults, because they lose messages silently or give up:
//
// - It does not reconnect by itself: its own way holds the connection's lock while it connects,
//   gives up for good after an authentication error or an unknown one, and buffers 8 MB of messages
//   as if they were sent. Here every loss ends the connection and LinkLife decides what comes, for
//   ever, with all servers known.
// - A dead server is noticed after three pings of 2 s without an answer, not after 4 minutes.
// - It reads and writes on the link's one thread, not on threads of its own, and writes what a turn
//   published with one call, not after a millisecond.
// - All subscriptions share one thread that delivers, in the order of arrival.
// - Own messages do not come back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/clock.h"
#include "cdc/link.h"
#include "cdc/nats_options.h"

namespace tideway::cdc {

/// Options are valid, see ParseNatsOptions. `name` is what servers show of this client.
std::unique_ptr<Link> MakeNatsConnection(NatsOptions options, std::string name,
                                         const backend::Clock& clock);

}  // namespace tideway::cdc
