// What a batch lets out once it is committed: its events, and between them what it published.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/view.h"
#include "resp/subscriptions.h"

namespace tideway::resp {

class Session;
class Worker;

/// Messages of one batch in order; `events_before` says how many of its events come first. Confined
/// to its worker's thread.
class BatchMessages {
 public:
  bool empty() const { return items_.empty(); }
  void Clear() { items_.clear(); }

  void Publish(ChannelKind kind, std::string_view channel, std::string_view payload,
               size_t events_before);
  /// From here on the batch's own client hears `channel`; what came before it must not hear,
  /// although it will be told later.
  void SubscriptionBegan(ChannelKind kind, std::string_view channel, size_t events_before);

  /// Tells listeners of events and messages in order. `session` is the batch's client, null when it
  /// went away. The caller flushes the worker's outbox.
  void Deliver(Worker& worker, Session* session, std::span<const backend::EventNote> events) const;

 private:
  struct Item {
    ChannelKind kind;
    std::string channel;
    std::string payload;
    size_t events_before;
    bool subscription;  // no message: the client's subscription to `channel` begins
  };
  std::vector<Item> items_;
};

}  // namespace tideway::resp
