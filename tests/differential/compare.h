// When two replies count as equal: byte for byte, unless Redis itself leaves the answer open.
#pragma once

#include <string>
#include <string_view>

#include "tests/differential/step.h"
#include "tests/harness/resp_value.h"

namespace tideway::tests {

enum class Equal {
  kExact,
  kUnordered,               // the elements as a multiset
  kUnorderedUnlessCompact,  // exact for listpack and intset, whose order Redis defines
  kPairs,                   // pairs of elements as a multiset
  kPairsUnlessCompact,
  kType,     // the same reply type
  kShape,    // the same types and lengths all the way down
  kPage,     // of a scan: a whole iteration as a set (of pairs), exact if compact; else the shape
  kSeconds,  // numbers one apart
  kMilliseconds,  // numbers up to the tolerance apart
  kHello,         // all but version and id
  kClientInfo,    // the same field names in the same order, and some of the values
  kCommandInfo,   // flags and categories as sets; of subcommands what the subject has
  kCommandNames,  // each of the subject's is one of Redis's
  kConfig,        // pairs; only the type where a pattern asks for settings of all kinds
  kInfo,          // the same sections, each standard field
};

// How a command is run on both servers.
enum class Way {
  kPlain,         // pipelined with its neighbours
  kSubscription,  // answers with as many frames as it has channels
  kScan,          // followed to the end of the iteration on each side
  kPop,           // what Redis popped is then taken from the subject too
  kRandom,        // what the subject chose must be in what Redis has
  kKeySlot,       // compared with a redis-server in cluster mode
  kAlone,         // changes the connection's mode: nothing is pipelined behind it
};

struct Rule {
  Way way = Way::kPlain;
  Equal equal = Equal::kExact;
};

Rule RuleFor(const Args& argv);

// PTTL and PEXPIRETIME may be this far apart, as the servers got the command at different moments.
// Wide enough for a machine with two cores that does something else as well.
inline constexpr long long kToleranceMs = 200;

struct Verdict {
  bool same = true;
  bool timing = false;  // they differ, but only by time
};

// `encoding` is the key's OBJECT ENCODING on Redis before the command, or empty when unknown (then
// order is not judged). Frames are whole RESP frames.
Verdict CompareReplies(Equal equal, const Args& argv, std::string_view expected,
                       std::string_view actual, std::string_view encoding = {});

bool SameMultiset(const Value& expected, const Value& actual, std::size_t stride);

}  // namespace tideway::tests
