#include "resp/news.h"

#include <algorithm>
#include <utility>

#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

using backend::ClassOf;
using backend::EventName;
using backend::EventNote;

class Teller {
 public:
  Teller(Worker& worker, const News& news) : worker_(worker), news_(news) {
    const bool here = news.origin == worker.index();
    tells_messages_ = here && !worker.server().bus.alone();
    tells_events_ = here && news.commit != nullptr;
  }

  void Message(ChannelKind kind, std::string_view channel, std::string_view payload) {
    worker_.subscriptions().Deliver(kind, channel, payload);
    if (!tells_messages_) return;
    worker_.server().bus.Publish(TopicOf(kind), channel, payload);
    worker_.TouchBus();
  }

  // What the flags were when the event was noted counts, as in Redis: a later command of the same
  // EXEC may have changed them.
  void Events(size_t begin, size_t end) {
    const bool silent = worker_.subscriptions().silent();
    if (!tells_events_ && silent) return;
    for (size_t i = begin; i < end; ++i) {
      const EventNote& event = news_.events[i];
      if (!silent) TellHere(event);
      if (tells_events_) TellBus(event, i);
    }
  }

 private:
  void TellHere(const EventNote& event) {
    const std::string_view name = EventName(event.event);
    if ((event.channels & backend::kNotifyKeyspace) != 0) {
      channel_.assign("__keyspace@").append(std::to_string(event.db)).append("__:");
      channel_.append(event.key);
      worker_.subscriptions().Deliver(ChannelKind::kExact, channel_, name);
    }
    if ((event.channels & backend::kNotifyKeyevent) != 0) {
      channel_.assign("__keyevent@").append(std::to_string(event.db)).append("__:");
      channel_.append(name);
      worker_.subscriptions().Deliver(ChannelKind::kExact, channel_, event.key);
    }
  }

  // Whatever the flags are here: those of the listener's node count.
  void TellBus(const EventNote& note, size_t index) {
    const CommitFacts::After& after = news_.commit->after[index];
    cdc::ChangeEvent event;
    event.db = note.db;
    event.key = note.key;
    event.event = EventName(note.event);
    event.type = after.type;
    event.expire_at_ms = after.expire_at_ms;
    const bool change =
        (ClassOf(note.event) & (backend::kNotifyNew | backend::kNotifyKeyMiss)) == 0;
    if (change && news_.commit->commit_ts != 0) {
      event.commit_ts = news_.commit->commit_ts;
      event.n = worker_.event_numbers().Next(event.commit_ts, note.db, note.key);
    }
    worker_.server().bus.Publish(std::move(event));
    worker_.TouchBus();
  }

  Worker& worker_;
  const News& news_;
  bool tells_messages_ = false;
  bool tells_events_ = false;
  std::string channel_;
};

void MuteNewSubscriptions(Worker& worker, const News& news, Session& session) {
  for (const Message& message : news.messages) {
    if (!message.subscription) continue;
    worker.subscriptions().SetMuted(session, message.kind, message.channel, true);
  }
}

cdc::ChangedType ChangedTypeOf(backend::ValueType type) {
  switch (type) {
    case backend::ValueType::kNone:
      return cdc::ChangedType::kNone;
    case backend::ValueType::kString:
      return cdc::ChangedType::kString;
    case backend::ValueType::kHash:
      return cdc::ChangedType::kHash;
    case backend::ValueType::kSet:
      return cdc::ChangedType::kSet;
  }
  return cdc::ChangedType::kUnknown;
}

}  // namespace

CommitFacts::CommitFacts(backend::View& view) {
  const uint32_t db = view.db();
  const size_t count = view.events().size();
  after.reserve(count);
  // By index: a key that is due by now is told as expired, behind the others.
  for (size_t i = 0; i < view.events().size(); ++i) {
    const EventNote& event = view.events()[i];
    view.set_db(event.db);
    const backend::Key key = view.Peek(event.key);
    if (!key.exists()) {
      after.push_back({cdc::ChangedType::kNone, 0});
      continue;
    }
    const int64_t expire_at_ms = key.expire_at_ms();
    after.push_back(
        {ChangedTypeOf(key.type()), expire_at_ms == backend::kNoExpiry ? 0 : expire_at_ms});
  }
  view.set_db(db);
}

uint32_t EventNumbers::Next(backend::CommitTs commit_ts, uint32_t db, std::string_view key) {
  if (commit_ts != commit_ts_) {
    next_.clear();
    commit_ts_ = commit_ts;
  }
  return next_[std::to_string(db).append(":").append(key)]++;
}

void TellNews(Worker& worker, const News& news) {
  // Looked for only where a subscription begins: a search through all clients of the thread.
  const bool mutes = news.origin == worker.index() &&
                     std::any_of(news.messages.begin(), news.messages.end(),
                                 [](const Message& message) { return message.subscription; });
  Session* const session = mutes ? worker.FindSession(news.client) : nullptr;
  if (session != nullptr) MuteNewSubscriptions(worker, news, *session);
  Teller teller(worker, news);
  size_t told = 0;
  for (const Message& message : news.messages) {
    teller.Events(told, message.events_before);
    told = message.events_before;
    if (!message.subscription) {
      teller.Message(message.kind, message.channel, message.payload);
    } else if (session != nullptr) {
      worker.subscriptions().SetMuted(*session, message.kind, message.channel, false);
    }
  }
  teller.Events(told, news.events.size());
}

}  // namespace tideway::resp
