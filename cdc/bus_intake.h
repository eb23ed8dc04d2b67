// What comes to a node by its subscriptions, told apart and handed on.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "backend/clock.h"
#include "cdc/bus.h"
#include "cdc/bus_counters.h"
#include "cdc/link.h"
#include "cdc/node_asks.h"

namespace tideway::cdc {

/// Who a node is on the bus.
struct BusIdentity {
  std::string prefix;   // of all subjects, with its dot
  std::string node;     // letters and digits
  std::string cluster;  // of the data
};

/// Confined to the link's thread that delivers. What it is made of outlives it.
class BusIntake {
 public:
  /// Publishes a message of nodes among themselves; thread-safe.
  using Send = std::function<void(std::string_view subject, std::string_view payload)>;

  BusIntake(const BusIdentity& identity, NodeAsks& asks, BusCounters& counters,
            const backend::Clock& clock, Send send)
      : identity_(identity),
        asks_(asks),
        counters_(counters),
        clock_(clock),
        send_(std::move(send)) {}

  void set_listener(BusListener* listener) { listener_ = listener; }
  /// `payload_bytes_max`: what the server takes.
  void OnDelivery(const Delivery& delivery, size_t payload_bytes_max);

 private:
  void OnMessage(Topic topic, std::string_view tokens, const Delivery& delivery);
  void OnEvent(const Delivery& delivery);
  void OnQuestion(std::string_view bytes, size_t payload_bytes_max);
  int64_t NowMs() const { return clock_.MonotonicUs() / 1000; }

  const BusIdentity& identity_;
  NodeAsks& asks_;
  BusCounters& counters_;
  const backend::Clock& clock_;
  const Send send_;
  BusListener* listener_ = nullptr;
};

}  // namespace tideway::cdc
