// What the server did per second lately: INFO's instantaneous figures.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

namespace tideway::resp {

/// Per second, averaged over the last 16 samples.
struct InstantRates {
  double commands = 0;
  double input_bytes = 0;
  double output_bytes = 0;
};

/// Fed ten times a second with running totals. Thread-safe.
class RateMeter {
 public:
  void Sample(int64_t now_ms, uint64_t commands, uint64_t input_bytes, uint64_t output_bytes);
  InstantRates Current() const;

 private:
  struct Totals {
    int64_t at_ms = 0;
    uint64_t commands = 0;
    uint64_t input_bytes = 0;
    uint64_t output_bytes = 0;
  };
  static constexpr size_t kSamples = 16;
  mutable std::mutex mutex_;
  std::array<Totals, kSamples> samples_{};
  size_t next_ = 0;
};

}  // namespace tideway::resp
