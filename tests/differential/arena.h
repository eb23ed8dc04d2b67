// redis-server and the server under test, the lanes to both, and their streams of events.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/corrupt.h"
#include "tests/differential/step.h"
#include "tests/harness/server_process.h"
#include "tests/harness/wire.h"

namespace tideway::tests {

enum Side { kOracle = 0, kSubject = 1 };
inline constexpr std::array<Side, 2> kSides = {kOracle, kSubject};

struct Lane {
  std::array<Wire, 2> wire;
  // Messages that came between replies (RESP3 pushes, RESP2 messages), not yet compared.
  std::array<std::vector<std::string>, 2> pushes;
  int resp = 2;
  bool multi = false;
  std::vector<Args> queued;     // what EXEC will run
  long long subscriptions = 0;  // channels and patterns
  long long shard_subscriptions = 0;

  bool subscribed() const { return subscriptions + shard_subscriptions > 0; }
  // Redis then takes nothing but (P|S)(UN)SUBSCRIBE, PING, QUIT and RESET.
  bool limited() const { return resp == 2 && subscribed(); }
};

// Owns both server processes and all connections. One thread.
class Arena {
 public:
  struct Settings {
    std::string oracle = "redis-server";
    std::string subject;
    std::vector<std::string> subject_args;
    std::string notify;  // not empty: both start with these flags, and CONFIG is not used
  };

  explicit Arena(const Settings& settings);

  // Starts both servers. False: see error().
  bool Start();
  const std::string& error() const { return error_; }

  // Empty databases, standard configuration, fresh lanes. `thorough` closes all connections too
  // (after a difference, when replies may still be on their way).
  std::optional<Difference> Reset(const Setup& setup, bool thorough);

  Lane& lane(int index) { return lanes_[static_cast<std::size_t>(index)]; }
  ServerProcess& server(Side side) { return servers_[side]; }

  // The next frame on a lane that is an answer; messages go to lane.pushes. Empty: none came.
  std::string Reply(Side side, int lane, const Args& argv);

  // Runs a command on the control connection, which is always RESP2. Empty: no answer.
  std::string Control(Side side, const Args& argv);
  // Several of them in one go; as many replies, or fewer if the server stops answering.
  std::vector<std::string> Control(Side side, const std::vector<Args>& commands);
  // Likewise on a redis-server in cluster mode.
  std::string ClusterControl(const Args& argv);

  // A command that marks the end of a step in the event stream; sent to both sides alike, on any
  // connection, right behind the step.
  Args Barrier();
  // Collects the events up to the last Barrier() and compares them in order, or as a multiset.
  std::optional<Difference> CompareEvents(const Args& argv, bool ordered = true);
  // Brings in what other lanes were sent, and compares it.
  std::optional<Difference> ComparePushes(const Args& argv);
  // Waits until each side has told an `expired` event since the last barrier; at most `timeout`.
  void AwaitExpired(std::chrono::milliseconds timeout);
  // Drops events and messages that are not to be compared.
  void Discard();

  void set_corrupter(Corrupter* corrupter) { corrupter_ = corrupter; }
  Corrupter* corrupter() { return corrupter_; }

  // Connects a new wire to the side's TCP port.
  Wire Connect(Side side) { return Wire::ConnectTcp(servers_[side].port()); }

 private:
  bool StartServer(Side side);
  bool ConnectFixed();
  bool ConnectLane(int index);
  bool Renew(Side side, int index);
  std::optional<Difference> Configure(const Setup& setup);
  std::optional<std::vector<std::string>> EventsToBarrier(Side side);
  bool CollectPushes(Side side, int index);

  Settings settings_;
  TempFolder folder_{"tideway-differential"};
  std::array<ServerProcess, 2> servers_;
  ServerProcess cluster_;
  std::array<Wire, 2> control_;
  std::array<Wire, 2> events_;
  Wire cluster_control_;
  std::array<std::vector<std::string>, 2> early_events_;  // taken by AwaitExpired
  std::array<Lane, kLanes> lanes_;
  long long barrier_ = 0;
  Corrupter* corrupter_ = nullptr;
  std::string error_;
};

// For reports: nothing is "(no reply)".
std::string ShowFrame(const std::string& frame);

}  // namespace tideway::tests
