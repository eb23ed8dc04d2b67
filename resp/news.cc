#include "resp/news.h"

#include <algorithm>
#include <span>

#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

using backend::EventNote;

class Teller {
 public:
  Teller(Worker& worker, const News& news)
      : worker_(worker),
        tells_bus_(news.origin == worker.index() && !worker.server().bus.alone()) {}

  void Message(ChannelKind kind, std::string_view channel, std::string_view payload) {
    worker_.subscriptions().Deliver(kind, channel, payload);
    if (tells_bus_) worker_.server().bus.Publish(TopicOf(kind), channel, payload);
  }

  // What the flags were when the event was noted counts, as in Redis: a later command of the same
  // EXEC may have changed them.
  void Events(std::span<const EventNote> events) {
    if (!tells_bus_ && worker_.subscriptions().silent()) return;
    for (const EventNote& event : events) {
      const std::string_view name = EventName(event.event);
      if ((event.channels & backend::kNotifyKeyspace) != 0) {
        channel_.assign("__keyspace@").append(std::to_string(event.db)).append("__:");
        channel_.append(event.key);
        Message(ChannelKind::kExact, channel_, name);
      }
      if ((event.channels & backend::kNotifyKeyevent) != 0) {
        channel_.assign("__keyevent@").append(std::to_string(event.db)).append("__:");
        channel_.append(name);
        Message(ChannelKind::kExact, channel_, event.key);
      }
    }
  }

 private:
  Worker& worker_;
  const bool tells_bus_;
  std::string channel_;
};

void MuteNewSubscriptions(Worker& worker, const News& news, Session& session) {
  for (const Message& message : news.messages) {
    if (!message.subscription) continue;
    worker.subscriptions().SetMuted(session, message.kind, message.channel, true);
  }
}

}  // namespace

void TellNews(Worker& worker, const News& news) {
  // Looked for only where a subscription begins: a search through all clients of the thread.
  const bool mutes = news.origin == worker.index() &&
                     std::any_of(news.messages.begin(), news.messages.end(),
                                 [](const Message& message) { return message.subscription; });
  Session* const session = mutes ? worker.FindSession(news.client) : nullptr;
  if (session != nullptr) MuteNewSubscriptions(worker, news, *session);
  Teller teller(worker, news);
  const std::span<const EventNote> events = news.events;
  size_t told = 0;
  for (const Message& message : news.messages) {
    teller.Events(events.subspan(told, message.events_before - told));
    told = message.events_before;
    if (!message.subscription) {
      teller.Message(message.kind, message.channel, message.payload);
    } else if (session != nullptr) {
      worker.subscriptions().SetMuted(*session, message.kind, message.channel, false);
    }
  }
  teller.Events(events.subspan(told));
}

}  // namespace tideway::resp
