// What the load threads write, as data: operations, the state they lead to, and the judgement of a
// state that came back from a crash. No I/O here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tideway::tests {

using Time = std::chrono::steady_clock::time_point;

// One request of a load thread: one command, or several that MULTI and EXEC hold together.
struct Operation {
  std::vector<std::vector<std::string>> commands;  // without MULTI and EXEC
  bool transaction = false;
  // The operation was chosen after reading that thread `seen_thread` had done `seen_number`.
  int seen_thread = -1;
  std::uint64_t seen_number = 0;
};

// The thread's operation `number` (1, 2, 3 …), the same for the same arguments. Each thread writes
// keys of its own, "t3:…", so that its operations alone decide what they hold. `seen_*` goes into
// the data: for operations that follow another thread's.
Operation MakeOperation(int thread, std::uint64_t number, int seen_thread = -1,
                        std::uint64_t seen_number = 0);

// Whether MakeOperation() wants another thread's progress for this number.
bool FollowsOther(std::uint64_t number);

// The key where a thread notes its progress: every operation in which it does so writes `number`.
std::string ProgressKey(int thread);
std::string CounterKey(int thread);

// All that a thread's keys hold, flattened: "key" → string, "key/field" → hash value, "key/m:x" →
// "" for a set's member, "key@" → expiry in Unix ms.
using Contents = std::map<std::string, std::string>;

// Applies what the commands do.
void Apply(const Operation& operation, Contents* contents);

struct Sent {
  Operation operation;
  bool acknowledged = false;
  Time acknowledged_at{};
};

// One thread's part of a round: `sent[i]` is operation first + i.
struct History {
  Contents before;  // what its keys held at the beginning
  std::uint64_t first = 1;
  std::vector<Sent> sent;
};

// Something that was seen before the crash, and what it implies.
struct Sighting {
  int thread = 0;
  std::uint64_t number = 0;  // the thread had done this operation
  Time at{};
};

struct Rules {
  // Acknowledged writes and sightings of before `safe_until` must be there.
  Time safe_until{};
};

// The numbers of operations after which the thread's keys held just that: a range from `low` to
// `high` as operations may change nothing.
struct Prefix {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

// Nothing when no prefix of the history leads to `contents`.
std::optional<Prefix> FindPrefix(const History& history, const Contents& contents);

// Empty when all rules hold, else one line for each that does not.
std::vector<std::string> Judge(const std::vector<History>& histories,
                               const std::vector<Contents>& recovered,
                               const std::vector<Sighting>& sightings, const Rules& rules);

}  // namespace tideway::tests
