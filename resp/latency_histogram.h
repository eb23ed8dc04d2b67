// How long one command took, over all its calls: counts by power-of-two sub-buckets, for INFO
// latencystats and LATENCY HISTOGRAM.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace tideway::resp {

/// Durations in µs; values beyond about 17 minutes count in the last bucket. About 6 % resolution.
/// One thread; merge copies of several threads with Merge().
class LatencyHistogram {
 public:
  void Add(uint64_t us) {
    ++buckets_[BucketOf(us)];
    ++count_;
    sum_us_ += us;
  }
  void Merge(const LatencyHistogram& other);
  uint64_t count() const { return count_; }
  uint64_t sum_us() const { return sum_us_; }
  /// Calls that took at most `us`.
  uint64_t CountAtMost(uint64_t us) const;
  /// The duration that `percentile` percent of the calls did not pass, in µs, as an upper bound.
  double PercentileUs(double percentile) const;
  uint64_t MaxUs() const;

 private:
  static constexpr size_t kSubBits = 4;  // 16 sub-buckets a power of two
  static constexpr size_t kBuckets = (30 - kSubBits + 1) << kSubBits;
  static size_t BucketOf(uint64_t us) {
    if (us < (1u << kSubBits)) return us;
    const auto top = static_cast<size_t>(std::bit_width(us)) - 1;
    const size_t bucket = ((top - kSubBits + 1) << kSubBits) + ((us >> (top - kSubBits)) & 15);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  /// The largest duration that counts in the bucket.
  static uint64_t UpperUs(size_t bucket);

  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_us_ = 0;
};

}  // namespace tideway::resp
