// What the throughput and latency rows send.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bench/load/workload.h"
#include "bench/options.h"

namespace tideway::bench {

/// What a row sends: how a key is made before the first run, and one operation on a key that a run
/// draws at random.
struct Load {
  /// Appends a request that makes the key; returns the length of its reply.
  std::function<std::size_t(std::string&, std::int64_t key)> populate;
  Match match = Match::kExact;
  /// Appends one operation and its reply to a batch.
  std::function<void(Batch&, std::int64_t key, Random&)> append;
};

using MakeLoad = Load (*)(const Options&);

Load GetLoad(const Options& options);
Load SetLoad(const Options& options);  ///< overwrites, same size
Load IncrLoad(const Options& options);
Load HsetLoad(const Options& options);     ///< overwrites one of the ten fields of a hash
Load HgetallLoad(const Options& options);  ///< hashes of ten fields
Load SaddLoad(const Options& options);     ///< one of 64 members, soon all present
Load MgetLoad(const Options& options);     ///< ten keys
Load MultiLoad(const Options& options);    ///< MULTI, SET, GET, EXEC; counted as one operation

}  // namespace tideway::bench
