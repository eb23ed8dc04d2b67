// What a run of bus_load or bus_bare gives: one line of JSON, read by bench/bus/run.py. Both sides
// use the same sizes and the same clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tideway::bench {

inline constexpr std::size_t kPayloadBytes = 64;
/// Messages a second while latency is measured: far below what keeps anybody busy.
inline constexpr int kLatencyRate = 1'000;
/// Messages that are under way at most while throughput is measured.
inline constexpr std::uint64_t kWindow = 4'096;
/// Messages that are sent, and counted, at a time.
inline constexpr std::uint64_t kChunk = 128;

/// Nanoseconds of the machine's clock, the same for all its processes.
std::int64_t NowNs();

/// A payload of kPayloadBytes that begins with the time at which it is made.
void WritePayload(char* out);
/// Microseconds since it was made. `payload` is one of WritePayload's.
double AgeUs(std::string_view payload);

/// Sleeps until that time of NowNs().
void SleepUntilNs(std::int64_t time_ns);

/// {"messages": …, "p50_us": …, "p99_us": …, "cpu_s": …}; the ages are reordered.
void PrintLatency(std::vector<double>& ages_us, double cpu_s);
/// {"messages": …, "seconds": …, "cpu_s": …}
void PrintThroughput(std::uint64_t messages, double seconds, double cpu_s);

}  // namespace tideway::bench
