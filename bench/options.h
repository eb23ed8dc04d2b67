// What is compared, and how long: the command line of the benchmark as plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tideway::bench {

/// Which command line a server understands where the two differ (storage and journal settings).
enum class ServerKind { kTideway, kRedis };

/// One of the two programs that are compared.
struct ServerSpec {
  std::string label;  ///< column title, for example "tideway"
  std::string binary;
  ServerKind kind = ServerKind::kTideway;
  std::vector<std::string> extra_arguments;
};

/// What the command line of the benchmark sets.
struct Options {
  ServerSpec ours;
  ServerSpec peer;
  std::string work_dir;  ///< data directories are made, and removed again, below it
  int runs = 7;          ///< alternated runs of each row, per server
  std::chrono::duration<double> measure{1.5};  ///< measured part of one run under load
  std::chrono::duration<double> warmup{0.3};   ///< unmeasured load before it
  std::chrono::duration<double> idle{5.0};     ///< measured part of one idle run
  int connections = 50;
  int keys = 100'000;  ///< key space of the throughput rows
  int value_bytes = 16;
  int memory_keys = 1'000'000;
  int idle_connections = 10'000;
  int subscribers = 1'000;
  std::uint64_t seed = 1;
};

}  // namespace tideway::bench
