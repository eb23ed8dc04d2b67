#include "resp/batch_messages.h"

#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {

void BatchMessages::Publish(ChannelKind kind, std::string_view channel, std::string_view payload,
                            size_t events_before) {
  items_.push_back({kind, std::string(channel), std::string(payload), events_before, false});
}

void BatchMessages::SubscriptionBegan(ChannelKind kind, std::string_view channel,
                                      size_t events_before) {
  if (events_before == 0 && items_.empty()) return;
  items_.push_back({kind, std::string(channel), {}, events_before, true});
}

void BatchMessages::Deliver(Worker& worker, Session* session,
                            std::span<const backend::EventNote> events) const {
  const auto mute = [&](const Item& item, bool muted) {
    if (session == nullptr) return;
    worker.subscriptions().SetMuted(*session, item.kind, item.channel, muted);
  };
  for (const Item& item : items_) {
    if (item.subscription) mute(item, true);
  }
  size_t told = 0;
  for (const Item& item : items_) {
    worker.DeliverEvents(events.subspan(told, item.events_before - told));
    told = item.events_before;
    if (item.subscription) {
      mute(item, false);
    } else {
      worker.Publish(item.kind, item.channel, item.payload);
    }
  }
  if (told < events.size()) worker.DeliverEvents(events.subspan(told));
}

}  // namespace tideway::resp
