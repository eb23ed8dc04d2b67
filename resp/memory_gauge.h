// How much memory the process uses: the allocator's figure, refreshed now and then, moved on in
// between by what the store says of itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace tideway::resp {

/// Thread-safe.
class MemoryGauge {
 public:
  /// Asks the allocator (tens of µs); a few times a second is enough. `store_bytes` is the store's
  /// own figure at the same time.
  void Refresh(uint64_t store_bytes);
  /// Bytes in use now, given the store's figure now.
  uint64_t Used(uint64_t store_bytes) const;
  uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }
  void ResetPeak() { peak_.store(0, std::memory_order_relaxed); }
  uint64_t at_start() const { return at_start_.load(std::memory_order_relaxed); }
  /// Resident set size now, from /proc (a system call).
  static uint64_t ResidentBytes();
  /// "jemalloc-5.3.0" or "libc".
  static std::string AllocatorName();
  /// The allocator's own report, for MEMORY MALLOC-STATS.
  static std::string AllocatorReport();
  /// Gives freed pages back to the system.
  static void Purge();

 private:
  std::atomic<int64_t> outside_store_{0};
  std::atomic<uint64_t> peak_{0};
  std::atomic<uint64_t> at_start_{0};
};

}  // namespace tideway::resp
