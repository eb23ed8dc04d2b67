// When to connect to which server, and what to say about it: the life of the bus's connection,
// decided without a socket or a clock, so that it is tested by script.
//
//   LinkLife life({"nats://a:4222", "nats://b:4222"}, seed);
//   step = life.Begin();                 // connect to one of them
//   step = life.OnFailed("refused", ms); // the other one, then a wait, and so on for ever
//   step = life.OnConnected("b", ms);    // serve
//   step = life.OnLost("closed", ms);    // the next server at once; b comes last
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tideway::cdc {

/// Confined to one thread. Times are monotonic milliseconds.
class LinkLife {
 public:
  /// What to do next.
  struct Step {
    enum class What : uint8_t {
      kConnect,  // to `server`; then OnConnected or OnFailed
      kServe,    // until OnLost
      kWait,     // `wait_ms`; then OnWaited
    };
    What what;
    std::string server = {};
    int64_t wait_ms = 0;
  };

  /// After a round of all servers; doubles from the least to the most, with a random part off.
  static constexpr int64_t kWaitMsMin = 100;
  static constexpr int64_t kWaitMsMax = 1000;
  /// Servers that are remembered, told or learnt.
  static constexpr size_t kServersMax = 64;
  /// Lines about one outage: a reason that changes is told, but not for ever.
  static constexpr size_t kReasonsMax = 4;

  /// `servers` are not empty.
  LinkLife(std::vector<std::string> servers, uint64_t seed);

  Step Begin(int64_t now_ms);
  /// `shown` names the server for people.
  Step OnConnected(const std::string& shown, int64_t now_ms);
  Step OnFailed(const std::string& reason, int64_t now_ms);
  Step OnLost(const std::string& reason, int64_t now_ms);
  Step OnWaited(int64_t now_ms);

  /// A server told us of another one of its cluster.
  void Learn(const std::string& server);

  /// What an operator should read, once for each change.
  struct Line {
    bool good;  // or a warning
    std::string text;
  };
  std::vector<Line> TakeLines();

  /// Times that a connection was made again after one was lost.
  uint64_t reconnects() const { return reconnects_; }
  const std::vector<std::string>& servers() const { return servers_; }

 private:
  Step Next();
  void Say(bool good, std::string text) { lines_.push_back({good, std::move(text)}); }

  std::vector<std::string> servers_;  // in the order of trying
  size_t at_ = 0;                     // tried or used now
  size_t tried_ = 0;                  // in this round
  int64_t wait_ms_ = kWaitMsMin;
  int64_t down_since_ms_ = 0;
  bool was_up_ = false;
  std::vector<std::string> reasons_;  // told in this outage
  std::string shown_;
  uint64_t reconnects_ = 0;
  std::vector<Line> lines_;
  std::mt19937_64 random_;
};

}  // namespace tideway::cdc
