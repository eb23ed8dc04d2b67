// The way out: what I/O threads publish and listen to, handed to the link in order.
//
// Whoever finds nobody at it hands over what waits: the I/O thread at the end of its turn, which
// spares a message the way over another thread, else the link's own thread. Two locks: one of the
// outbox, held for a copy; and one of handing over, which nobody but the link's thread waits for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "backend/clock.h"
#include "cdc/bus.h"
#include "cdc/bus_counters.h"
#include "cdc/interest_table.h"
#include "cdc/link.h"
#include "cdc/outbox.h"
#include "cdc/registrations.h"

namespace tideway::cdc {

class BusSender {
 public:
  struct Options {
    std::string prefix;  // of all subjects, with its dot
    bool events;         // as in InterestsOf
    size_t backlog_bytes_max;
  };
  BusSender(Options options, Link& link, BusCounters& counters, const backend::Clock& clock);

  // --- any thread
  /// Puts a message behind what waits; without a server, or when too much waits, it is lost and
  /// counted. It leaves at the next HandOver or Wake of the link.
  void Push(const Outbox::Entry& entry);
  Ticket InterestBegan(Topic topic, std::string_view name);
  void InterestEnded(Topic topic, std::string_view name);
  /// Hands over what waits, unless somebody else is at it, who then is told that there is more.
  void HandOver();
  Ticket registered() const { return registrations_.registered(); }
  bool up() const;
  size_t backlog_bytes() const;
  size_t subscriptions() const { return interests_.size(); }

  // --- the link's thread
  void OnUp();
  /// Returns the ticket up to which nobody waits any more.
  Ticket OnDown();
  /// Hands over what waits. `*registered` becomes the ticket up to which nobody waits any more, 0
  /// for no news. Returns ms until it wants to be called again, -1 for no need.
  int64_t OnTurn(Ticket* registered);
  /// Returns the ticket up to which interest is registered now, 0 for no news.
  Ticket OnFlushed(uint64_t mark);

 private:
  /// What a flush says once it is answered.
  struct Flushing {
    uint64_t mark;
    Ticket ticket;      // 0: none
    uint64_t messages;  // handed over before it
  };
  int64_t NowMs() const { return clock_.MonotonicUs() / 1000; }
  /// True when more waits than one turn may take.
  bool HandOverLocked();
  void Take();
  void Carry(const Outbox::Entry& entry);
  void Send(const Outbox::Entry& entry);
  void Flush(Ticket ticket);
  Ticket EndLongWaits(int64_t* left_ms);

  const Options options_;
  Link& link_;
  BusCounters& counters_;
  const backend::Clock& clock_;

  mutable std::mutex mutex_;
  Outbox outbox_;  // guarded by mutex_, as what follows
  bool up_ = false;
  Registrations registrations_;

  std::mutex handing_over_;  // before mutex_; guards what follows, and the use of the link
  Outbox taken_;
  Ticket taken_ticket_ = 0;
  bool connected_ = false;
  InterestTable interests_;
  std::deque<Flushing> flushing_;
  uint64_t next_mark_ = 1;
  uint64_t handed_ = 0;  // messages so far
  uint64_t confirmed_ = 0;
  int64_t confirm_at_ms_ = 0;
  std::string subject_;
};

}  // namespace tideway::cdc
