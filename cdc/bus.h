// How messages and changes reach other nodes. The in-process bus, the default, has no other nodes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace tideway::cdc {

/// What a name on the bus is.
enum class Topic : uint8_t { kChannel, kPattern, kShardChannel };

/// Carries what local clients publish to other nodes, and tells them what is listened to here.
/// Local listeners are served by the caller before. Thread-safe; no call blocks.
class Bus {
 public:
  /// A message of another node, on whatever thread the bus likes. It must not call the bus.
  using Receiver =
      std::function<void(Topic topic, std::string_view channel, std::string_view payload)>;

  virtual ~Bus() = default;
  /// Who hears what other nodes publish: kChannel and kShardChannel, each message once, in the
  /// order of its publisher. An empty receiver ends it: none is running when the call returns.
  virtual void SetReceiver(Receiver receiver) = 0;
  /// No other node can hear: nothing needs to be told. The same for ever.
  virtual bool alone() const = 0;
  /// `payload` was published on a channel here: PUBLISH, SPUBLISH or a keyspace event.
  virtual void Publish(Topic topic, std::string_view channel, std::string_view payload) = 0;
  /// The first local listener of a name came, or its last one left.
  virtual void InterestBegan(Topic topic, std::string_view name) = 0;
  virtual void InterestEnded(Topic topic, std::string_view name) = 0;
};

/// A node alone: nothing to carry.
std::unique_ptr<Bus> MakeInProcessBus();

}  // namespace tideway::cdc
