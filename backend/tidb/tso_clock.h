// The database's time, for expiry: the same in every region, unlike a node's own clock.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "backend/clock.h"

namespace tideway::backend {

/// An estimate of TSO time between the answers that carry one. Thread-safe.
///
/// What an answer tells is off by at most half the time that it took, and grows older as the two
/// clocks drift apart. The best answer stands until that makes a newer one better: an answer that
/// took seconds, because the database stood still, never replaces one of milliseconds.
class TsoClock {
 public:
  explicit TsoClock(const Clock& clock) : clock_(clock) {}

  /// A timestamp that TiDB gave between the two local times (monotonic ms).
  void Learn(CommitTs ts, int64_t sent_ms, int64_t received_ms);

  /// Unix ms. The machine's own clock until something was learnt.
  int64_t NowMs() const;

 private:
  const Clock& clock_;
  std::mutex mutex_;                           // of what Learn() compares
  int64_t half_width_ms_ = 0;                  // of the answer that stands
  int64_t learnt_ms_ = 0;                      // monotonic
  std::atomic<int64_t> offset_ms_{INT64_MIN};  // TSO minus monotonic; INT64_MIN: nothing learnt
};

}  // namespace tideway::backend
