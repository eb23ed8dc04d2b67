// How messages and changes reach other nodes. The in-process bus, the default, has no other nodes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cdc/change_event.h"
#include "cdc/node_question.h"

namespace tideway::cdc {

/// What a name on the bus is.
enum class Topic : uint8_t { kChannel, kPattern, kShardChannel };

/// By which of the node's subscriptions something came: only who registered under it may hear it,
/// as it comes once more by each other one that matches. See InterestsOf() in cdc/interest.h.
struct Via {
  uint64_t id = 0;
  bool operator==(const Via&) const = default;
};
/// The subscription to exactly the message's channel.
inline constexpr Via kViaOwnChannel{};

/// Numbers the registrations of interest, in order; several may share one. 0: nothing to wait for.
using Ticket = uint64_t;

/// Who hears what comes by the bus. Calls come on threads of the bus; they must be short, must not
/// block and must not call the bus, but for what is thread-safe and said so.
class BusListener {
 public:
  virtual ~BusListener() = default;
  /// A message of another node: kChannel or kShardChannel; those of one publisher in its order.
  virtual void OnMessage(Via via, Topic topic, std::string_view channel,
                         std::string_view payload) = 0;
  /// A change that another node made; those of one I/O thread there in its order, also among its
  /// messages.
  virtual void OnEvent(Via via, const ChangeEvent& event) = 0;
  /// What was registered with tickets up to this one hears from now on what the node's own server
  /// is told. Bus::registered() says so already.
  virtual void OnRegistered(Ticket ticket) = 0;
  /// What this node has to say to another's question.
  virtual NodeAnswer OnQuestion(const NodeQuestion& question) = 0;
};

/// Carries what local clients publish to other nodes, and tells them what is listened to here.
/// Local listeners are served by the caller before. Thread-safe; no call blocks.
class Bus {
 public:
  virtual ~Bus() = default;

  /// Begins to carry; the listener stays until Stop() has returned, after which nothing calls it.
  virtual void Start(BusListener& listener) = 0;
  virtual void Stop() = 0;

  /// No other node can hear messages: nothing needs to be told. The same for ever.
  virtual bool alone() const = 0;
  /// Other nodes have the same data, so that changes are worth telling. The same for ever.
  virtual bool carries_events() const = 0;

  /// Why a message cannot be carried at all, as an error for its sender; empty when it can.
  virtual std::string Refusal(Topic topic, std::string_view channel,
                              size_t payload_bytes) const = 0;
  /// `payload` was published on a channel here: PUBLISH or SPUBLISH.
  virtual void Publish(Topic topic, std::string_view channel, std::string_view payload) = 0;
  /// A change was made here. The bus fills in the cluster and this node.
  virtual void Publish(ChangeEvent event) = 0;
  /// What this thread has published since the last call is to leave now.
  virtual void EndTurn() = 0;

  /// The first local listener of a name came, or its last one left. Calls about one name come one
  /// after the other. The listener may be told that it listens once registered() has reached the
  /// ticket.
  virtual Ticket InterestBegan(Topic topic, std::string_view name) = 0;
  virtual void InterestEnded(Topic topic, std::string_view name) = 0;
  /// The newest ticket whose interest is registered, or cannot be because the bus is down.
  virtual Ticket registered() const = 0;

  /// Asks all other nodes; `done` gets what they said within 200 ms, once, on a thread of the bus,
  /// or at once on the caller's when nobody can be asked. Not called any more after Stop().
  using Answers = std::vector<NodeAnswer>;
  virtual void Ask(NodeQuestion question, std::function<void(Answers)> done) = 0;

  /// Lines for INFO bus, as name and value; none for the bus in this process.
  virtual std::vector<std::pair<std::string, std::string>> Facts() const { return {}; }
};

/// A node alone: nothing to carry.
std::unique_ptr<Bus> MakeInProcessBus();

}  // namespace tideway::cdc
