#include "tests/differential/arena.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/differential/compare.h"
#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{10'000};
constexpr std::string_view kBarrierChannel = "~barrier";

std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

// A message of a subscription, not the answer to a command. On a RESP2 connection it is an array
// like any other, but a subscribed one gets no other arrays that begin so.
bool IsMessage(const std::string& frame, const Lane& lane) {
  if (frame.empty()) return false;
  const bool push = frame[0] == '>';
  if (!push && !(frame[0] == '*' && lane.subscribed())) return false;
  const std::size_t at = frame.find("\r\n") + 2;
  for (const std::string_view word : {"message", "pmessage", "smessage"}) {
    if (frame.compare(at, word.size() + 6, Bulk(word)) == 0) return true;
  }
  return false;
}

const std::vector<std::pair<std::string, std::string>>& StandardConfig() {
  static const std::vector<std::pair<std::string, std::string>> config = {
      {"hash-max-listpack-entries", "512"},
      {"hash-max-listpack-value", "64"},
      {"set-max-intset-entries", "512"},
  };
  return config;
}

std::string ShowAll(const std::vector<std::string>& frames) {
  std::string out;
  for (const std::string& frame : frames) {
    const Value value = ParseFrame(frame);
    out += "\n      ";
    for (std::size_t i = 1; i < value.items.size(); ++i) {
      if (i > 1) out += " ";
      out += "\"" + Printable(value.items[i].text, 120) + "\"";
    }
    if (out.size() > 3000) return out + "\n      …";
  }
  return out.empty() ? "(none)" : out;
}

// A message that several patterns of one client match comes once for each, in the arbitrary order
// of Redis's table of patterns: such neighbours are sorted.
void SortPatternRuns(std::vector<std::string>* frames) {
  constexpr std::string_view kHead = "\r\n$8\r\npmessage\r\n";
  const auto message = [&](const std::string& frame) -> std::string_view {
    if (frame.compare(2, kHead.size(), kHead) != 0) return {};
    const std::size_t pattern = frame.find("\r\n", 2 + kHead.size());
    const auto length = std::strtoul(frame.c_str() + 2 + kHead.size() + 1, nullptr, 10);
    return std::string_view(frame).substr(pattern + 2 + length);
  };
  for (auto from = frames->begin(); from != frames->end();) {
    const std::string_view content = message(*from);
    auto to = from + 1;
    while (!content.empty() && to != frames->end() && message(*to) == content) ++to;
    std::sort(from, to);
    from = to;
  }
}

// The first places where two streams part, with what stands around.
Difference StreamDifference(std::string_view aspect, const Args& argv,
                            const std::vector<std::string>& expected,
                            const std::vector<std::string>& actual) {
  const auto [x, y] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  const auto cut = [](const auto& from, const auto& end) {
    return std::vector<std::string>(from, from + std::min<std::ptrdiff_t>(end - from, 12));
  };
  return {.aspect = std::string(aspect),
          .command = CommandName(argv),
          .expected = ShowAll(cut(x, expected.end())),
          .actual = ShowAll(cut(y, actual.end()))};
}

}  // namespace

std::string ShowFrame(const std::string& frame) {
  return frame.empty() ? "(no reply)" : Printable(frame, 600);
}

Arena::Arena(const Settings& settings) : settings_(settings) {}

bool Arena::StartServer(Side side) {
  const std::string& binary = side == kOracle ? settings_.oracle : settings_.subject;
  ServerProcess::Settings start;
  start.binary = binary;
  start.dir = folder_.path() + (side == kOracle ? "/oracle" : "/subject");
  std::error_code ignored;
  std::filesystem::create_directory(start.dir, ignored);
  start.args = {"--enable-debug-command", "yes"};
  if (IsRedis(binary)) {
    // hz 100: `expired` comes within 10 ms, so that waiting for it is short.
    const Args redis = {"--save", "", "--appendonly", "no", "--hz", "100"};
    start.args.insert(start.args.end(), redis.begin(), redis.end());
  }
  if (!settings_.notify.empty()) {
    start.args.insert(start.args.end(), {"--notify-keyspace-events", settings_.notify});
  }
  if (side == kSubject) {
    start.args.insert(start.args.end(), settings_.subject_args.begin(),
                      settings_.subject_args.end());
  }
  if (servers_[side].Start(start)) return true;
  error_ = servers_[side].error();
  return false;
}

bool Arena::Start() { return StartServer(kOracle) && StartServer(kSubject) && ConnectFixed(); }

bool Arena::ConnectFixed() {
  for (const Side side : kSides) {
    control_[side] = Wire::ConnectTcp(servers_[side].port());
    events_[side] = Wire::ConnectUnix(servers_[side].socket_path());
    std::string request;
    AppendRequest(&request, {"PSUBSCRIBE", "*"});
    if (!events_[side].Send(request) || !events_[side].Next(kPatience)) {
      error_ = std::string(side == kOracle ? "oracle" : "subject") + ": PSUBSCRIBE has no answer";
      return false;
    }
  }
  return control_[kOracle].open() && control_[kSubject].open();
}

bool Arena::ConnectLane(int index) {
  Lane& lane = lanes_[static_cast<std::size_t>(index)];
  lane = Lane{};
  for (const Side side : kSides) {
    lane.wire[side] = index % 2 == 0 ? Wire::ConnectTcp(servers_[side].port())
                                     : Wire::ConnectUnix(servers_[side].socket_path());
    if (!lane.wire[side].open()) return false;
  }
  return true;
}

// RESET leaves a connection as if it were new, and drops its subscriptions at once, which closing
// it does only when the server notices.
bool Arena::Renew(Side side, int index) {
  Lane& lane = lanes_[static_cast<std::size_t>(index)];
  std::string request;
  AppendRequest(&request, {"RESET"});
  if (!lane.wire[side].open() || !lane.wire[side].Send(request)) return false;
  for (int frames = 0; frames < 10'000; ++frames) {
    const auto frame = lane.wire[side].Next(milliseconds(2000));
    if (!frame) return false;
    if (*frame == "+RESET\r\n") return true;
  }
  return false;
}

std::optional<Difference> Arena::Configure(const Setup& setup) {
  std::vector<Args> commands = {{"FLUSHALL"}};
  if (settings_.notify.empty()) {
    commands.push_back({"CONFIG", "SET", "notify-keyspace-events", setup.notify});
    for (const auto& [name, value] : StandardConfig()) {
      commands.push_back({"CONFIG", "SET", name, value});
    }
  }
  std::array<std::vector<std::string>, 2> replies;
  for (const Side side : kSides) {
    replies[side] = Control(side, commands);
    replies[side].resize(commands.size());
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (replies[kOracle][i] == replies[kSubject][i]) continue;
    return Difference{.aspect = "setup",
                      .command = CommandName(commands[i]),
                      .expected = ShowFrame(replies[kOracle][i]),
                      .actual = ShowFrame(replies[kSubject][i])};
  }
  return std::nullopt;
}

std::optional<Difference> Arena::Reset(const Setup& setup, bool thorough) {
  if (thorough) {
    for (Lane& lane : lanes_) lane = Lane{};
    control_ = {};
    events_ = {};
    std::this_thread::sleep_for(milliseconds(20));
    bool running = true;
    for (const Side side : kSides) {
      running = running && (servers_[side].Running() || StartServer(side));
    }
    if (!running || !ConnectFixed()) {
      return Difference{.aspect = "setup", .command = "connect", .expected = "", .actual = error_};
    }
  }
  if (auto difference = Configure(setup)) return difference;
  for (int i = 0; i < kLanes; ++i) {
    Lane& at = lane(i);
    if (Renew(kOracle, i) && Renew(kSubject, i)) {
      Lane fresh;
      fresh.wire = std::move(at.wire);
      at = std::move(fresh);
    } else if (!ConnectLane(i)) {
      return Difference{.aspect = "setup",
                        .command = "connect",
                        .expected = "a connection",
                        .actual = "none: " + servers_[kSubject].Log()};
    }
    const bool resp3 = setup.resp != 0 ? setup.resp == 3 : i == 2 || i == 3 || i == 5;
    if (!resp3) continue;
    const Args hello = {"HELLO", "3"};
    std::string request;
    AppendRequest(&request, hello);
    for (const Side side : kSides) at.wire[side].Send(request);
    const std::string expected = Reply(kOracle, i, hello);
    const std::string actual = Reply(kSubject, i, hello);
    at.resp = 3;
    if (!CompareReplies(Equal::kHello, hello, expected, actual).same) {
      return Difference{.aspect = "setup",
                        .command = "HELLO",
                        .expected = ShowFrame(expected),
                        .actual = ShowFrame(actual)};
    }
  }
  const Args barrier = Barrier();
  for (const Side side : kSides) {
    Control(side, barrier);
    EventsToBarrier(side);
  }
  return std::nullopt;
}

std::string Arena::Reply(Side side, int index, const Args& argv) {
  Lane& at = lane(index);
  for (;;) {
    std::optional<std::string> frame = at.wire[side].Next(kPatience);
    if (!frame) return {};
    if (IsMessage(*frame, at)) {
      at.pushes[side].push_back(std::move(*frame));
      continue;
    }
    if (side == kSubject && corrupter_ != nullptr) return corrupter_->Reply(argv, *frame);
    return *frame;
  }
}

std::string Arena::Control(Side side, const Args& argv) {
  std::string request;
  AppendRequest(&request, argv);
  if (!control_[side].Send(request)) return {};
  return control_[side].Next(kPatience).value_or("");
}

std::vector<std::string> Arena::Control(Side side, const std::vector<Args>& commands) {
  std::string request;
  for (const Args& argv : commands) AppendRequest(&request, argv);
  control_[side].Send(request);
  std::vector<std::string> replies;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto reply = control_[side].Next(kPatience);
    if (!reply) break;
    replies.push_back(std::move(*reply));
  }
  return replies;
}

std::string Arena::ClusterControl(const Args& argv) {
  if (!cluster_control_.open()) {
    ServerProcess::Settings start;
    start.binary = settings_.oracle;
    start.dir = folder_.path() + "/cluster";
    std::error_code ignored;
    std::filesystem::create_directory(start.dir, ignored);
    start.args = {
        "--save", "", "--cluster-enabled", "yes", "--cluster-port", std::to_string(FreePort())};
    if (!cluster_.Start(start)) return {};
    cluster_control_ = Wire::ConnectTcp(cluster_.port());
  }
  std::string request;
  AppendRequest(&request, argv);
  if (!cluster_control_.Send(request)) return {};
  return cluster_control_.Next(kPatience).value_or("");
}

Args Arena::Barrier() {
  ++barrier_;
  return {"PUBLISH", std::string(kBarrierChannel), std::to_string(barrier_)};
}

std::optional<std::vector<std::string>> Arena::EventsToBarrier(Side side) {
  const std::string mark = Bulk(kBarrierChannel) + Bulk(std::to_string(barrier_));
  std::vector<std::string> events = std::move(early_events_[side]);
  early_events_[side].clear();
  for (;;) {
    std::optional<std::string> frame = events_[side].Next(kPatience);
    if (!frame) return std::nullopt;
    if (frame->size() > mark.size() && frame->ends_with(mark)) return events;
    events.push_back(std::move(*frame));
  }
}

void Arena::AwaitExpired(milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (const Side side : kSides) {
    for (;;) {
      const auto left =
          std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
      std::optional<std::string> frame = events_[side].Next(std::max(left, milliseconds(0)));
      if (!frame) break;
      early_events_[side].push_back(std::move(*frame));
      if (early_events_[side].back().find("expired") != std::string::npos) break;
    }
  }
}

void Arena::Discard() {
  const Args barrier = Barrier();
  for (const Side side : kSides) {
    Control(side, barrier);
    EventsToBarrier(side);
    for (int i = 0; i < kLanes; ++i) {
      if (lane(i).subscribed() && !lane(i).multi) CollectPushes(side, i);
      lane(i).pushes[side].clear();
    }
  }
}

std::optional<Difference> Arena::CompareEvents(const Args& argv, bool ordered) {
  auto expected = EventsToBarrier(kOracle);
  auto actual = EventsToBarrier(kSubject);
  if (!expected || !actual) {
    return Difference{.aspect = "events",
                      .command = CommandName(argv),
                      .expected = expected ? "a message on the barrier channel" : "(none)",
                      .actual = actual ? "" : "the published message never came"};
  }
  if (corrupter_ != nullptr) corrupter_->Events(&*actual);
  if (!ordered) {
    std::sort(expected->begin(), expected->end());
    std::sort(actual->begin(), actual->end());
  }
  if (*expected == *actual) return std::nullopt;
  return StreamDifference("events", argv, *expected, *actual);
}

// A PING shows that everything before it has come. Its answer may overtake messages of other
// threads in the subject, so there the oracle's number of messages is waited for.
bool Arena::CollectPushes(Side side, int index) {
  Lane& at = lane(index);
  const std::string mark = "~end" + std::to_string(barrier_);
  std::string request;
  AppendRequest(&request, {"PING", mark});
  if (!at.wire[side].Send(request)) return false;
  for (;;) {
    std::optional<std::string> frame = at.wire[side].Next(kPatience);
    if (!frame) return false;
    if (frame->ends_with(Bulk(mark))) break;
    at.pushes[side].push_back(std::move(*frame));
  }
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(2000);
  while (side == kSubject && at.pushes[kSubject].size() < at.pushes[kOracle].size() &&
         std::chrono::steady_clock::now() < deadline) {
    std::optional<std::string> frame = at.wire[side].Next(milliseconds(100));
    if (frame) at.pushes[side].push_back(std::move(*frame));
  }
  return true;
}

std::optional<Difference> Arena::ComparePushes(const Args& argv) {
  for (int i = 0; i < kLanes; ++i) {
    Lane& at = lane(i);
    // In a transaction PING would be queued; what has come by then is compared after EXEC.
    if (at.multi) continue;
    if (at.subscribed() && !(CollectPushes(kOracle, i) && CollectPushes(kSubject, i))) {
      return Difference{.aspect = "pushes",
                        .command = CommandName(argv),
                        .expected = "an answer to PING",
                        .actual = "none",
                        .lane = i};
    }
    if (corrupter_ != nullptr) corrupter_->Pushes(&at.pushes[kSubject]);
    for (const Side side : kSides) SortPatternRuns(&at.pushes[side]);
    if (at.pushes[kOracle] != at.pushes[kSubject]) {
      Difference difference =
          StreamDifference("pushes", argv, at.pushes[kOracle], at.pushes[kSubject]);
      difference.lane = i;
      return difference;
    }
    for (const Side side : kSides) at.pushes[side].clear();
  }
  return std::nullopt;
}

}  // namespace tideway::tests
