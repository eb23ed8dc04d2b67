// The subscriptions that a node holds, each as long as some name needs it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "cdc/bus.h"
#include "cdc/link.h"

namespace tideway::cdc {

/// Confined to the link's thread, but for size().
class InterestTable {
 public:
  /// `prefix` ends with a dot and comes before every subject; `events` as in InterestsOf.
  InterestTable(Link& link, std::string prefix, bool events)
      : link_(link), prefix_(std::move(prefix)), events_(events) {}

  void Began(Topic topic, std::string_view name);
  void Ended(Topic topic, std::string_view name);

  /// Connected: subscribes to everything.
  void OnUp();
  void OnDown();

  /// Subscriptions held.
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Held {
    uint32_t names = 0;  // how many need it
    Via via;
    Link::Handle handle = 0;
  };

  Link& link_;
  const std::string prefix_;
  const bool events_;
  bool connected_ = false;
  std::unordered_map<std::string, Held> held_;  // by subject without the prefix
  std::atomic<size_t> size_{0};
};

}  // namespace tideway::cdc
