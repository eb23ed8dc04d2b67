// Who listens to which channel: SUBSCRIBE, PSUBSCRIBE and SSUBSCRIBE of the sessions of one I/O
// thread, and how a message reaches them. Between threads, SubscriptionRegistry counts and tells
// which threads have listeners.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cdc/bus.h"
#include "cdc/interest.h"
#include "resp/shared_bytes.h"

namespace tideway::resp {

class Session;

enum class ChannelKind : uint8_t { kExact, kPattern, kShard };
inline constexpr size_t kChannelKinds = 3;
/// The bus's word for it.
cdc::Topic TopicOf(ChannelKind kind);

/// Hash and equality that take string_view, so that look-ups allocate nothing.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

struct Channel;

/// One session's place among a channel's listeners.
struct Subscription {
  Channel* channel;
  Session* session;
  uint32_t index;      // in channel->listeners
  bool muted = false;  // see SubscriptionTable::SetMuted
};

/// A channel or pattern with at least one listener on this thread.
struct Channel {
  std::string name;
  ChannelKind kind;
  std::vector<Subscription*> listeners;
  /// The node's subscriptions on the bus that are for this name, but for kViaOwnChannel of an exact
  /// or shard channel, which all of them have.
  std::vector<cdc::Via> vias = {};
  bool Hears(cdc::Via via) const;
};

/// What one session listens to. Memory only once it subscribes.
struct SubscriberState {
  std::unordered_map<const Channel*, std::unique_ptr<Subscription>> by_channel[kChannelKinds];
  size_t count(ChannelKind kind) const { return by_channel[static_cast<size_t>(kind)].size(); }
  size_t count() const {
    return by_channel[0].size() + by_channel[1].size() + by_channel[2].size();
  }
};

/// Listeners of all threads by channel: counts for PUBLISH and PUBSUB, and which threads to tell.
/// Thread-safe; one mutex, held for a map operation.
class SubscriptionRegistry {
 public:
  /// `bus` hears of the first and the last listener of each name; it must outlive the registry.
  SubscriptionRegistry(size_t threads, cdc::Bus& bus)
      : threads_(threads), bus_(bus), listeners_(threads) {}

  /// Returns what the listener has to wait for before it may be told that it listens.
  cdc::Ticket Add(ChannelKind kind, std::string_view name, size_t thread);
  void Remove(ChannelKind kind, std::string_view name, size_t thread);

  /// Listeners of an exact or shard channel on all threads (PUBSUB NUMSUB).
  uint64_t Count(ChannelKind kind, std::string_view name) const;
  /// Names with at least one listener (PUBSUB CHANNELS); fn under the lock: keep it short.
  void ForEach(ChannelKind kind, const std::function<void(const std::string&)>& fn) const;
  /// Distinct names with a listener (PUBSUB NUMPAT, INFO pubsub_channels).
  size_t Names(ChannelKind kind) const;

  cdc::Bus& bus() { return bus_; }

  /// Threads with any listener at all, a bit each; one load. Who is told that a SUBSCRIBE
  /// is done is in it.
  uint64_t listening_threads() const { return listening_.load(std::memory_order_acquire); }

  /// Deliveries that a message on `channel` means on threads other than `self` (exact and patterns,
  /// or shard alone), and a bit for each such thread.
  struct Remote {
    uint64_t receivers = 0;
    uint64_t threads = 0;
  };
  Remote RemoteReceivers(ChannelKind kind, std::string_view channel, size_t self) const;
  /// A bit for each thread with somebody who hears a message on `channel`.
  uint64_t ThreadsOf(ChannelKind kind, std::string_view channel) const {
    return Receivers(kind, channel, threads_).threads;
  }

 private:
  struct Counts {
    std::vector<uint32_t> per_thread;
    uint32_t total = 0;
    cdc::Ticket ticket = 0;
  };
  Remote Receivers(ChannelKind kind, std::string_view channel, size_t except) const;

  const size_t threads_;
  cdc::Bus& bus_;
  mutable std::mutex mutex_;
  StringMap<Counts> names_[kChannelKinds];
  std::vector<uint64_t> listeners_;  // by thread, of all names
  std::atomic<uint64_t> listening_{0};
};

/// The subscriptions of one I/O thread's sessions. That thread only.
class SubscriptionTable {
 public:
  SubscriptionTable(SubscriptionRegistry& registry, size_t thread)
      : registry_(registry), thread_(thread) {}

  /// False when the session already listens there. Raises session.awaited_ticket.
  bool Subscribe(Session& session, ChannelKind kind, std::string_view name);
  /// False when it did not.
  bool Unsubscribe(Session& session, ChannelKind kind, std::string_view name);
  /// A muted subscription counts but hears nothing. No effect without the subscription.
  void SetMuted(Session& session, ChannelKind kind, std::string_view name, bool muted);
  /// Ends all of one kind, in no particular order; fn(name) after each.
  void UnsubscribeAll(Session& session, ChannelKind kind,
                      const std::function<void(const std::string&)>& fn);
  /// Ends everything, silently: the session goes away.
  void Drop(Session& session);

  /// Queues the message to every listener on this thread and asks for their flush; returns how many
  /// it reached. kind is kExact (patterns hear it too) or kShard.
  uint64_t Deliver(ChannelKind kind, std::string_view channel, std::string_view payload);
  /// The same for a message that came by the bus: only those hear it who are registered under the
  /// subscription that it came by.
  void DeliverFromBus(cdc::Via via, ChannelKind kind, std::string_view channel,
                      std::string_view payload);
  /// How many Deliver would reach.
  uint64_t Receivers(ChannelKind kind, std::string_view channel) const;

  /// True when nothing on this thread can hear a keyspace event.
  bool silent() const { return channels_[0].empty() && channels_[1].empty(); }

 private:
  Subscription* Find(Session& session, ChannelKind kind, std::string_view name);
  void Remove(Subscription& subscription);
  void DeliverTo(Channel& listeners, std::string_view channel, std::string_view payload);

  SubscriptionRegistry& registry_;
  const size_t thread_;
  StringMap<std::unique_ptr<Channel>> channels_[kChannelKinds];
  ChunkWriter chunks_[2];  // RESP2 and RESP3 messages
};

}  // namespace tideway::resp
