// One node's connection to the servers of the bus, and its own thread. NatsConnection is the real
// one; tests have one that is driven by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cdc/bus.h"

namespace tideway::cdc {

/// The server that a link is connected to.
struct LinkServer {
  std::string shown;                   // for people: name and address
  size_t payload_bytes_max = 1 << 20;  // of one message, name beside it included
};

/// Something that came by a subscription. Views are valid during the call.
struct Delivery {
  Via via;
  std::string_view subject;
  std::string_view name;  // that travelled beside the subject; empty when there was none
  std::string_view payload;
};

/// Uses a link. All calls but OnDelivery come on the link's thread. The user may use the link on
/// other threads, too, but sees to it that only one does so at a time, and none once OnDown has
/// returned.
class LinkUser {
 public:
  virtual ~LinkUser() = default;
  /// Connected. No subscription is left from before.
  virtual void OnUp(const LinkServer& server) = 0;
  /// What was published and has not been flushed may be lost.
  virtual void OnDown() = 0;
  /// Wake() was called, time has passed, or the link takes more again. Returns after how many ms it
  /// wants to be called again at the latest; -1: no need.
  virtual int64_t OnTurn() = 0;
  /// The server has seen all that came before Flush(mark). Newer marks include older ones.
  virtual void OnFlushed(uint64_t mark) = 0;
  /// On another thread, always the same one, in the order of arrival.
  virtual void OnDelivery(const Delivery& delivery) = 0;
};

class Link {
 public:
  /// One subscription; valid until Unsubscribe or OnDown. 0 is none.
  using Handle = uintptr_t;

  virtual ~Link() = default;
  virtual void Start(LinkUser& user) = 0;
  /// Sends what was published, ends the connection; the user is not called any more.
  virtual void Stop() = 0;
  /// Soon OnTurn. Any thread; cheap when it was called already.
  virtual void Wake() = 0;

  // --- between OnUp and OnDown, one at a time
  /// False while the server does not take what it was sent: publish later.
  virtual bool ready() const = 0;
  /// False when it could not be handed over.
  virtual bool Publish(const std::string& subject, std::string_view name,
                       std::string_view payload) = 0;
  virtual Handle Subscribe(const std::string& subject, Via via) = 0;
  virtual void Unsubscribe(Handle handle) = 0;
  /// Sends what was published so far, as far as the server takes it now, without waiting. The
  /// link's thread does so by itself after each OnTurn.
  virtual void Write() = 0;
  /// OnFlushed(mark) once the server has seen everything before. Marks grow.
  virtual void Flush(uint64_t mark) = 0;

  // --- any thread
  /// Messages that the client library dropped because they waited too long to be delivered.
  virtual uint64_t dropped() const = 0;
  virtual uint64_t reconnects() const = 0;
};

}  // namespace tideway::cdc
