#include "resp/bus_receiver.h"

#include <bit>
#include <string>
#include <unordered_map>

#include "backend/event.h"
#include "resp/protocol/glob.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

// Of one turn of an I/O thread, so that its clients are served in between.
constexpr size_t kTurnMessagesMax = 1024;

// The class of an event by its name. Names of newer nodes are in no class that is known here: who
// asks for all of them gets them.
uint32_t ClassesOf(std::string_view name) {
  static const auto* const classes = [] {
    auto* const made = new std::unordered_map<std::string_view, uint32_t>();
    for (size_t i = 1; i < static_cast<size_t>(backend::Event::kEventCount); ++i) {
      const auto event = static_cast<backend::Event>(i);
      made->emplace(backend::EventName(event), backend::ClassOf(event));
    }
    return made;
  }();
  const auto it = classes->find(name);
  return it == classes->end() ? uint32_t{backend::kNotifyAll} : it->second;
}

}  // namespace

BusReceiver::BusReceiver(ServerContext& server) : server_(server), settings_(server.settings) {
  for (size_t i = 0; i < server.workers.size(); ++i) lanes_.push_back(std::make_unique<Lane>());
}

void BusReceiver::OnMessage(cdc::Via via, cdc::Topic topic, std::string_view channel,
                            std::string_view payload) {
  const ChannelKind kind =
      topic == cdc::Topic::kShardChannel ? ChannelKind::kShard : ChannelKind::kExact;
  Hand({via, kind, channel, payload});
}

void BusReceiver::OnEvent(cdc::Via via, const cdc::ChangeEvent& event) {
  const uint32_t flags = settings_.Get().notify_keyspace_events;
  const uint32_t classes = ClassesOf(event.event);
  if ((flags & classes) != classes) return;
  const std::string db = std::to_string(event.db);
  if ((flags & backend::kNotifyKeyspace) != 0) {
    Hand({via, ChannelKind::kExact, "__keyspace@" + db + "__:" + event.key, event.event});
  }
  if ((flags & backend::kNotifyKeyevent) != 0) {
    Hand({via, ChannelKind::kExact, "__keyevent@" + db + "__:" + event.event, event.key});
  }
}

void BusReceiver::Hand(const BusMessage& message) {
  uint64_t threads = 1;
  if (lanes_.size() > 1) threads = server_.registry.ThreadsOf(message.kind, message.channel);
  for (; threads != 0; threads &= threads - 1) {
    const auto thread = static_cast<size_t>(std::countr_zero(threads));
    switch (lanes_[thread]->inbox.Push(message)) {
      case BusInbox::Pushed::kFirst:
        server_.workers[thread]->port().Post([this, thread] { Drain(thread); });
        break;
      case BusInbox::Pushed::kBehind:
        break;
      case BusInbox::Pushed::kDropped:
        server_.counters.bus_dropped_busy.fetch_add(1, std::memory_order_relaxed);
        break;
    }
  }
}

void BusReceiver::Drain(size_t thread) {
  Worker& worker = *server_.workers[thread];
  const bool more = lanes_[thread]->inbox.Take(kTurnMessagesMax, [&](const BusMessage& message) {
    worker.subscriptions().DeliverFromBus(message.via, message.kind, message.channel,
                                          message.payload);
  });
  if (more) worker.port().Post([this, thread] { Drain(thread); });
}

void BusReceiver::OnRegistered(cdc::Ticket) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Worker* const worker = server_.workers[i];
    if (!worker->awaits_bus() || lanes_[i]->registered_posted.exchange(true)) continue;
    worker->port().Post([lane = lanes_[i].get(), worker] {
      lane->registered_posted = false;
      worker->ReleaseReplies();
    });
  }
}

cdc::NodeAnswer BusReceiver::OnQuestion(const cdc::NodeQuestion& question) {
  return AnswerHere(server_, question);
}

cdc::NodeAnswer AnswerHere(const ServerContext& server, const cdc::NodeQuestion& question) {
  using Kind = cdc::NodeQuestion::Kind;
  const bool shard = question.kind == Kind::kShardChannels || question.kind == Kind::kShardCounts;
  ChannelKind kind = shard ? ChannelKind::kShard : ChannelKind::kExact;
  cdc::NodeAnswer answer;
  if (question.kind == Kind::kCounts || question.kind == Kind::kShardCounts) {
    for (const std::string& name : question.names) {
      answer.counts.push_back(server.registry.Count(kind, name));
    }
    return answer;
  }
  if (question.kind == Kind::kPatterns) kind = ChannelKind::kPattern;
  const bool all = question.all || question.kind == Kind::kPatterns;
  server.registry.ForEach(kind, [&](const std::string& name) {
    if (all || GlobMatch(question.pattern, name)) answer.names.push_back(name);
  });
  return answer;
}

}  // namespace tideway::resp
