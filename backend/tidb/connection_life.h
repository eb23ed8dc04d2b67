// When an idle connection is asked whether it still lives, and when it has lived long enough. Pure:
// the caller brings the time.
//
// A connection that nobody uses can be dead without a sign: a firewall or a load balancer has
// forgotten it. The write that found out would have an unknown outcome, so a ping finds out before.
// And connections end some time, so that the load spreads over servers that came or came back.
#pragma once

#include <cstdint>

namespace tideway::backend {

class ConnectionLife {
 public:
  /// Unused for so long, it is asked.
  static constexpr int64_t kPingAfterMs = 10'000;
  /// What does not answer for so long is dead.
  static constexpr int64_t kPingTimeoutMs = 1'000;

  /// What could not be renewed serves on for so long.
  static constexpr int64_t kPostponedMs = 10'000;

  /// `lifetime_ms`: 0 for ever. Some are spared up to a tenth of it (`random`), so that those that
  /// began together do not end together.
  void Begin(int64_t now_ms, int64_t lifetime_ms, uint64_t random) {
    used_ms_ = now_ms;
    const auto spared = static_cast<int64_t>(random % static_cast<uint64_t>(lifetime_ms / 10 + 1));
    ends_ms_ = lifetime_ms == 0 ? INT64_MAX : now_ms + lifetime_ms - spared;
  }
  /// There is no other one yet to take its place.
  void Postpone(int64_t now_ms) { ends_ms_ = now_ms + kPostponedMs; }
  /// It answered.
  void Used(int64_t now_ms) { used_ms_ = now_ms; }

  enum class Need : uint8_t { kNothing, kPing, kRenewal };
  /// What a connection needs now: a ping only while it is idle.
  Need At(int64_t now_ms) const {
    if (now_ms >= ends_ms_) return Need::kRenewal;
    return now_ms - used_ms_ >= kPingAfterMs ? Need::kPing : Need::kNothing;
  }

 private:
  int64_t used_ms_ = 0;
  int64_t ends_ms_ = INT64_MAX;
};

}  // namespace tideway::backend
