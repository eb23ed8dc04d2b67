#include "resp/latency_histogram.h"

namespace tideway::resp {

uint64_t LatencyHistogram::UpperUs(size_t bucket) {
  if (bucket < (1u << kSubBits)) return bucket;
  const size_t top = (bucket >> kSubBits) - 1;
  const uint64_t sub = bucket & 15;
  return (((16 + sub + 1) << top) - 1);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
}

uint64_t LatencyHistogram::CountAtMost(uint64_t us) const {
  uint64_t count = 0;
  for (size_t i = 0; i < kBuckets && UpperUs(i) <= us; ++i) count += buckets_[i];
  return count;
}

double LatencyHistogram::PercentileUs(double percentile) const {
  const double wanted = percentile / 100.0 * static_cast<double>(count_);
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (buckets_[i] != 0 && static_cast<double>(seen) >= wanted) {
      return static_cast<double>(UpperUs(i));
    }
  }
  return static_cast<double>(MaxUs());
}

uint64_t LatencyHistogram::MaxUs() const {
  for (size_t i = kBuckets; i-- > 0;) {
    if (buckets_[i] != 0) return UpperUs(i);
  }
  return 0;
}

}  // namespace tideway::resp
