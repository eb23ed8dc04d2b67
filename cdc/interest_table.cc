#include "cdc/interest_table.h"

#include <utility>

#include "cdc/interest.h"

namespace tideway::cdc {

void InterestTable::Began(Topic topic, std::string_view name) {
  for (Interest& interest : InterestsOf(topic, name, events_)) {
    const auto [place, inserted] = held_.try_emplace(std::move(interest.subject));
    Held& held = place->second;
    ++held.names;
    if (!inserted) continue;
    held.via = interest.via;
    if (connected_) held.handle = link_.Subscribe(prefix_ + place->first, held.via);
    size_.store(held_.size(), std::memory_order_relaxed);
  }
}

void InterestTable::Ended(Topic topic, std::string_view name) {
  for (const Interest& interest : InterestsOf(topic, name, events_)) {
    const auto place = held_.find(interest.subject);
    if (place == held_.end() || --place->second.names > 0) continue;
    if (place->second.handle != 0) link_.Unsubscribe(place->second.handle);
    held_.erase(place);
    size_.store(held_.size(), std::memory_order_relaxed);
  }
}

void InterestTable::OnUp() {
  connected_ = true;
  for (auto& [subject, held] : held_) {
    held.handle = link_.Subscribe(prefix_ + subject, held.via);
  }
}

void InterestTable::OnDown() {
  connected_ = false;
  for (auto& [subject, held] : held_) held.handle = 0;
}

}  // namespace tideway::cdc
