// How messages and changes reach other nodes. The in-process bus, the default, has no other nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tideway::cdc {

/// What a name on the bus is.
enum class Topic : uint8_t { kChannel, kPattern, kShardChannel };

/// Carries what local clients publish to other nodes, and tells it what they listen to. Local
/// listeners are served by the caller before. Thread-safe; no call blocks.
class Bus {
 public:
  virtual ~Bus() = default;
  /// A client of this node published `payload` on a channel.
  virtual void Publish(Topic topic, std::string_view channel, std::string_view payload) = 0;
  /// The first local listener of a name came, or its last one left.
  virtual void InterestBegan(Topic topic, std::string_view name) = 0;
  virtual void InterestEnded(Topic topic, std::string_view name) = 0;
};

/// A node alone: nothing to carry.
std::unique_ptr<Bus> MakeInProcessBus();

}  // namespace tideway::cdc
