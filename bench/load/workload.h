// Requests made in advance, so that sending one costs the generator next to nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "bench/load/client.h"

namespace tideway::bench {

using Random = std::mt19937_64;

/// How a reply is checked. Each way costs a scan of the reply at most, so that checking never makes
/// the generator the limit; an error reply is always noticed.
enum class Match {
  kExact,   ///< the bytes are known
  kLength,  ///< only their number is known (HGETALL: the order of fields is the server's)
  kLines,   ///< only the number of lines is known (INCR)
};

/// One prepared write to a connection and what must come back before the next one is sent.
struct Batch {
  std::string request;
  std::string reply;            ///< kExact: the bytes; kLength: as many bytes
  std::size_t reply_lines = 0;  ///< kLines
};

/// A kind of load: batches made in advance, replayed in a circle from a random place on.
struct Workload {
  Match match = Match::kExact;
  int operations_per_batch = 1;
  std::vector<Batch> batches;
};

/// The key number `index`, 16 bytes: "key:000000000042".
std::string KeyName(std::int64_t index);

/// The value of key number `index`, `bytes` long; different keys have different values.
std::string ValueOf(std::int64_t index, int bytes);

/// "$3\r\nabc\r\n".
std::string Bulk(const std::string& text);

/// Makes a workload of batches of `pipeline` operations each; `append` adds one operation on a key
/// number drawn at random from [0, keys) to a batch. About 32,000 operations are prepared, so that
/// the requests stay in the caches of the machine.
Workload MakeWorkload(Match match, int pipeline, int keys, std::uint64_t seed,
                      const std::function<void(Batch&, std::int64_t, Random&)>& append);

/// Sends one request for each number in [0, count), in order, pipelined. `append` adds the request
/// to its argument and returns the length of its reply in bytes.
void Populate(int port, std::int64_t count,
              const std::function<std::size_t(std::string&, std::int64_t)>& append);

}  // namespace tideway::bench
