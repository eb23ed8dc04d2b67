#include "resp/instant_rates.h"

namespace tideway::resp {

void RateMeter::Sample(int64_t now_ms, uint64_t commands, uint64_t input_bytes,
                       uint64_t output_bytes) {
  std::lock_guard lock(mutex_);
  samples_[next_++ % kSamples] = {now_ms, commands, input_bytes, output_bytes};
}

InstantRates RateMeter::Current() const {
  std::lock_guard lock(mutex_);
  if (next_ < 2) return {};
  const Totals& newest = samples_[(next_ - 1) % kSamples];
  const Totals& oldest = samples_[next_ <= kSamples ? 0 : next_ % kSamples];
  const double seconds = static_cast<double>(newest.at_ms - oldest.at_ms) / 1000;
  // CONFIG RESETSTAT makes totals go back: nothing is known until the samples are past it.
  if (seconds <= 0 || newest.commands < oldest.commands) return {};
  const auto rate = [&](uint64_t now, uint64_t then) {
    return now < then ? 0.0 : static_cast<double>(now - then) / seconds;
  };
  return {rate(newest.commands, oldest.commands), rate(newest.input_bytes, oldest.input_bytes),
          rate(newest.output_bytes, oldest.output_bytes)};
}

}  // namespace tideway::resp
