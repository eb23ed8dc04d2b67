#include "backend/tidb/tso_clock.h"

namespace tideway::backend {
namespace {
// Clocks of machines drift apart by up to 100 ppm, that is 1 ms in so many.
constexpr int64_t kMsPerDriftMs = 10'000;
}  // namespace

void TsoClock::Learn(CommitTs ts, int64_t sent_ms, int64_t received_ms) {
  const int64_t half_width = (received_ms - sent_ms + 1) / 2;
  const std::lock_guard lock(mutex_);
  const bool first = offset_ms_.load(std::memory_order_relaxed) == INT64_MIN;
  const auto tso_ms = static_cast<int64_t>(ts >> kCommitTsLogicalBits);
  const int64_t allowed = half_width_ms_ + (received_ms - learnt_ms_) / kMsPerDriftMs;
  // What cannot be true together with what stands tells that the database's time has jumped.
  const int64_t offset = offset_ms_.load(std::memory_order_relaxed);
  const bool jumped = !first && (tso_ms - sent_ms < offset - allowed - 1 ||
                                 tso_ms - received_ms > offset + allowed + 1);
  if (!first && !jumped && half_width > allowed) return;
  offset_ms_.store(tso_ms - (sent_ms + half_width), std::memory_order_relaxed);
  half_width_ms_ = half_width;
  learnt_ms_ = received_ms;
}

int64_t TsoClock::NowMs() const {
  const int64_t offset = offset_ms_.load(std::memory_order_relaxed);
  if (offset == INT64_MIN) return clock_.WallMs();
  return clock_.MonotonicUs() / 1000 + offset;
}

}  // namespace tideway::backend
