// Time is passed in: every deadline, expiry and timestamp comes from a Clock.
#pragma once

#include <atomic>
#include <cstdint>

namespace tideway::backend {

/// Source of wall and monotonic time. Thread-safe. Units are in the names.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time, microseconds since the Unix epoch. May jump when an operator sets the clock.
  virtual int64_t WallUs() const = 0;
  /// Monotonic time, microseconds since an arbitrary start. Never goes back.
  virtual int64_t MonotonicUs() const = 0;
  int64_t WallMs() const { return WallUs() / 1000; }
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  int64_t WallUs() const override;
  int64_t MonotonicUs() const override;
};

/// A clock that a test moves by hand. Both times start at `start_us`.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_us = 1'700'000'000'000'000) : now_us_(start_us) {}
  int64_t WallUs() const override { return now_us_.load(); }
  int64_t MonotonicUs() const override { return now_us_.load(); }
  void AdvanceMs(int64_t ms) { now_us_ += ms * 1000; }

 private:
  std::atomic<int64_t> now_us_;
};

/// A commit timestamp: milliseconds << 18 | counter, the form of TiDB's TSO.
using CommitTs = uint64_t;
inline constexpr int kCommitTsLogicalBits = 18;
/// Unix ms of a timestamp.
inline constexpr int64_t MsOf(CommitTs ts) {
  return static_cast<int64_t>(ts >> kCommitTsLogicalBits);
}

/// Hands out strictly increasing commit timestamps of the TSO form, never below what was handed out
/// (or restored with RaiseTo) before, even when the wall clock goes back. Thread-safe, lock-free.
class HybridClock {
 public:
  explicit HybridClock(const Clock& clock) : clock_(clock) {}
  CommitTs Next();
  /// Makes every later timestamp greater than `floor` (the newest one found in a journal).
  void RaiseTo(CommitTs floor);
  CommitTs last() const { return last_.load(std::memory_order_relaxed); }

 private:
  const Clock& clock_;
  std::atomic<CommitTs> last_{0};
};

}  // namespace tideway::backend
