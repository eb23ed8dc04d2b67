// Which interest has been registered: tickets of what is on its way to the server and back.
#pragma once

#include <atomic>
#include <cstdint>

#include "cdc/bus.h"

namespace tideway::cdc {

/// registered() from any thread; the rest under its owner's lock. Times are monotonic ms.
class Registrations {
 public:
  /// How long anybody waits for a server that does not answer but is not known to be gone.
  static constexpr int64_t kWaitMsMax = 2000;

  Ticket registered() const { return registered_.load(); }

  /// Interest began: the ticket to wait for, 0 when there is no server.
  Ticket Began(int64_t now_ms);
  /// What began so far goes to the server now; returns its ticket, 0 when nothing began.
  Ticket Leave();
  /// The server knows all up to `ticket`. False when that is no news.
  bool Arrived(Ticket ticket, int64_t now_ms);

  /// Ends the waiting of those who wait too long: all wait for the same server. Returns their
  /// ticket, or 0 and in `*left_ms` when to look again, -1 for not at all.
  Ticket EndLongWaits(int64_t now_ms, int64_t* left_ms);

  void OnUp();
  /// Nobody waits any more: returns what OnRegistered is to say.
  Ticket OnDown();

 private:
  bool up_ = false;
  bool began_ = false;    // something since Leave
  Ticket open_ = 1;       // of what begins now
  Ticket issued_ = 0;     // the newest that anybody waits for
  int64_t since_ms_ = 0;  // when the oldest that waits began to, or later
  std::atomic<Ticket> registered_{0};
};

}  // namespace tideway::cdc
