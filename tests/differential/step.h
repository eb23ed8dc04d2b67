// What a differential run consists of: steps, and the difference a step can show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tideway::tests {

using Args = std::vector<std::string>;

enum class Kind {
  kCommand,       // one command on one lane
  kDue,           // `argv` gives a key a TTL of few ms; when that is over, `touch` meets the key
  kActiveExpiry,  // `argv` likewise; both servers must tell `expired` without any access
  kRaw,           // `raw` bytes on a connection of its own, every byte of the answer counts
  kState,         // compare all databases
};

// A lane is one client connection to each of the two servers, in step with each other.
struct Step {
  Kind kind = Kind::kCommand;
  int lane = 0;
  Args argv = {};
  Args touch = {};
  std::string raw = {};
};

// Lanes 0 and 1 begin with RESP2, 2 and 3 with RESP3; 4 (RESP2) and 5 (RESP3) mostly subscribe.
// Even lanes come by TCP, odd ones by unix socket.
inline constexpr int kLanes = 6;
inline constexpr int kFirstSubscriberLane = 4;

// What holds at the beginning of an episode. Databases are empty, all lanes fresh.
struct Setup {
  std::string notify = "AKE";  // notify-keyspace-events
  int resp = 0;                // 2 or 3 for every lane; 0: as above
};

struct Difference {
  std::string aspect;    // "reply", "events", "pushes", "state", "setup"
  std::string command;   // upper case, "CONFIG GET" for containers
  std::string expected;  // what redis-server did
  std::string actual;
  int lane = 0;
  bool timing = false;  // only clocks differ: a finding if it comes again in a replay

  std::string group() const { return aspect + " " + command; }
};

// "CLIENT ID" for {"client","id"}; "GET" for {"get","x"}.
std::string CommandName(const Args& argv);

std::string Upper(std::string_view text);

// As one would type it into redis-cli.
std::string Typed(const Args& argv, std::size_t limit = 120);

// The step with its lane, for reports.
std::string Describe(const Step& step);

}  // namespace tideway::tests
