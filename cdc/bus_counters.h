// What a bus counts, for INFO. Relaxed atomics, any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tideway::cdc {

struct BusCounters {
  using Count = std::atomic<uint64_t>;
  Count messages_out{0};
  Count messages_in{0};
  Count events_out{0};
  Count events_in{0};
  Count bytes_out{0};
  Count bytes_in{0};
  Count lost_down{0};         // published while there was no server
  Count lost_unconfirmed{0};  // sent, and the connection was lost before the server confirmed it
  Count lost_backlog{0};      // more waited than may wait
  Count lost_too_large{0};    // events
  Count malformed{0};         // came, and are nothing that a node sends
  Count registered_late{0};   // times that nobody waited any longer for a server's answer

  static void Add(Count& count, uint64_t n = 1) { count.fetch_add(n, std::memory_order_relaxed); }

  using Facts = std::vector<std::pair<std::string, std::string>>;
  void AppendTo(Facts& facts) const {
    const std::pair<const char*, const Count*> rows[] = {
        {"bus_messages_out", &messages_out},   {"bus_messages_in", &messages_in},
        {"bus_events_out", &events_out},       {"bus_events_in", &events_in},
        {"bus_bytes_out", &bytes_out},         {"bus_bytes_in", &bytes_in},
        {"bus_lost_disconnected", &lost_down}, {"bus_lost_unconfirmed", &lost_unconfirmed},
        {"bus_lost_backlog", &lost_backlog},   {"bus_lost_too_large", &lost_too_large},
        {"bus_malformed", &malformed},         {"bus_registered_late", &registered_late},
    };
    for (const auto& [name, count] : rows) facts.emplace_back(name, std::to_string(*count));
  }
};

}  // namespace tideway::cdc
