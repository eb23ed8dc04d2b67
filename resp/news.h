// What a batch lets out once it is committed: its events, and between them what it published.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backend/clock.h"
#include "backend/view.h"
#include "cdc/change_event.h"
#include "resp/subscriptions.h"

namespace tideway::resp {

class Session;
class Worker;

/// A message of PUBLISH on its way to listeners; or the place in a batch where its own client's
/// subscription to `channel` begins, which must not hear what came before, although it will be told
/// later.
struct Message {
  ChannelKind kind;
  std::string channel;
  std::string payload;
  size_t events_before = 0;  // events of the same batch that come first
  bool subscription = false;
};

/// The messages of one batch, in order. Confined to its worker's thread.
class BatchMessages {
 public:
  bool empty() const { return items_.empty(); }
  void Clear() { items_.clear(); }
  std::vector<Message> Take() { return std::exchange(items_, {}); }

  void Publish(ChannelKind kind, std::string_view channel, std::string_view payload,
               size_t events_before) {
    items_.push_back({kind, std::string(channel), std::string(payload), events_before, false});
  }
  void SubscriptionBegan(ChannelKind kind, std::string_view channel, size_t events_before) {
    if (events_before == 0 && items_.empty()) return;
    items_.push_back({kind, std::string(channel), {}, events_before, true});
  }

 private:
  std::vector<Message> items_;
};

/// What other nodes are told of a commit, beside its events.
struct CommitFacts {
  /// A key after the batch.
  struct After {
    cdc::ChangedType type;
    int64_t expire_at_ms;  // 0: it does not expire
  };

  /// After the handlers of a batch ran, before its events are taken.
  explicit CommitFacts(backend::View& view);
  /// Of what the store did by itself: keys are gone.
  explicit CommitFacts(const std::vector<backend::EventNote>& events)
      : after(events.size(), After{cdc::ChangedType::kNone, 0}) {}

  std::vector<After> after;  // one for each event
  /// Set once the batch has been committed, before it is told; 0: it changed nothing, or not known.
  backend::CommitTs commit_ts = 0;
};

/// Numbers the events of a key within a commit. A commit may hold several batches of a thread, told
/// one after the other.
class EventNumbers {
 public:
  uint32_t Next(backend::CommitTs commit_ts, uint32_t db, std::string_view key);

 private:
  backend::CommitTs commit_ts_ = 0;
  std::unordered_map<std::string, uint32_t> next_;  // by database and key
};

/// Events and messages of a batch, or messages alone, for every thread that has listeners.
struct News {
  std::vector<backend::EventNote> events;
  std::vector<Message> messages;
  size_t origin = SIZE_MAX;  // the thread that commits it; it tells the bus, too
  uint64_t client = 0;       // the batch's client, by id
  std::shared_ptr<const CommitFacts> commit = nullptr;  // when the bus carries events
};

/// Tells the listeners of the worker's thread, in order. On that thread.
void TellNews(Worker& worker, const News& news);

}  // namespace tideway::resp
