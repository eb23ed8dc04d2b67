// CLIENT PAUSE: until when, and which commands wait. Thread-safe; one relaxed load when not paused.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace tideway::resp {

enum class PauseMode : uint8_t { kNone, kWrite, kAll };

class ClientPause {
 public:
  /// Pauses until `until_ms` (monotonic). As in Redis, a pause that is on is only ever extended or
  /// made stricter.
  void Pause(PauseMode mode, int64_t until_ms) {
    mode_.store(std::max(mode_.load(), mode));
    until_ms_.store(std::max(until_ms_.load(), until_ms));
  }
  void Unpause() {
    mode_.store(PauseMode::kNone);
    until_ms_.store(0);
  }
  PauseMode mode() const { return mode_.load(std::memory_order_relaxed); }
  int64_t until_ms() const { return until_ms_.load(std::memory_order_relaxed); }
  /// True when the pause is over and nobody has ended it yet: call Unpause() and resume clients.
  bool Elapsed(int64_t now_ms) const { return mode() != PauseMode::kNone && now_ms >= until_ms(); }

 private:
  std::atomic<PauseMode> mode_{PauseMode::kNone};
  std::atomic<int64_t> until_ms_{0};
};

}  // namespace tideway::resp
