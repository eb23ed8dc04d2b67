#include "tests/differential/runner.h"

#include <algorithm>

#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

// Whether the order of the reply depends on the key's encoding, which Redis is asked first.
bool NeedsProbe(const Args& argv) {
  const Equal equal = RuleFor(argv).equal;
  return argv.size() > 1 && argv[1].size() < 1000 &&
         (equal == Equal::kUnorderedUnlessCompact || equal == Equal::kPairsUnlessCompact ||
          (equal == Equal::kPage && Upper(argv[0]) != "SCAN"));
}

// A scan that asks for more than there is comes back whole, and need not be followed.
bool IsOnePage(const Args& argv) {
  return RuleFor(argv).way == Way::kScan &&
         std::find(argv.begin(), argv.end(), "100000") != argv.end();
}

// MULTI, EXEC, DISCARD: these alone open and close a transaction.
bool Opens(const Args& argv) { return argv.size() == 1 && Upper(argv[0]) == "MULTI"; }
bool Closes(const Args& argv) {
  if (argv.size() != 1) return false;
  const std::string name = Upper(argv[0]);
  return name == "EXEC" || name == "DISCARD" || name == "RESET";
}

bool IsError(const std::string& frame) { return frame.empty() || frame[0] == '-'; }

}  // namespace

void Runner::Send(Side side, int lane, const Args& argv) {
  std::string request;
  Corrupter* corrupter = side == kSubject ? arena_.corrupter() : nullptr;
  AppendRequest(&request, corrupter != nullptr ? corrupter->Request(argv) : argv);
  arena_.lane(lane).wire[side].Send(request);
}

std::string Runner::Ask(Side side, int lane, const Args& argv) {
  Send(side, lane, argv);
  return arena_.Reply(side, lane, argv);
}

Runner::Replies Runner::Exchange(int lane, const Args& argv) {
  for (const Side side : kSides) Send(side, lane, argv);
  Replies replies;
  replies.expected = arena_.Reply(kOracle, lane, argv);
  replies.actual = arena_.Reply(kSubject, lane, argv);
  return replies;
}

Difference Runner::ReplyDifference(const Step& step, const Replies& replies,
                                   const Verdict& verdict) {
  return {.aspect = "reply",
          .command = CommandName(step.argv),
          .expected = ShowFrame(replies.expected),
          .actual = ShowFrame(replies.actual),
          .lane = step.lane,
          .timing = verdict.timing};
}

std::optional<Difference> Runner::Settle(const Args& argv, bool ordered) {
  const Args barrier = arena_.Barrier();
  for (const Side side : kSides) arena_.Control(side, barrier);
  if (auto difference = arena_.CompareEvents(argv, ordered)) return difference;
  return arena_.ComparePushes(argv);
}

void Runner::Track(Lane* lane, const Args& argv, const std::string& reply) {
  if (lane->multi && reply == "+QUEUED\r\n") {
    lane->queued.push_back(argv);
    return;
  }
  if (Opens(argv) && reply == "+OK\r\n") lane->multi = true;
  if (Closes(argv)) {
    for (const Args& queued : lane->queued) {
      const bool hello =
          Upper(argv[0]) == "EXEC" && reply[0] == '*' && CommandName(queued) == "HELLO";
      if (hello && queued.size() > 1) lane->resp = queued[1] == "3" ? 3 : 2;
    }
    lane->multi = false;
    lane->queued.clear();
  }
  const std::string name = CommandName(argv);
  if (name == "RESET" && reply == "+RESET\r\n") {
    lane->resp = 2;
    lane->subscriptions = 0;
    lane->shard_subscriptions = 0;
  }
  if (name == "HELLO" && !IsError(reply) && argv.size() > 1) lane->resp = argv[1] == "3" ? 3 : 2;
}

Verdict Runner::Judge(const Lane& lane, const Args& argv, const Replies& replies,
                      const std::string& encoding) {
  if (replies.expected == replies.actual) return {.same = !replies.expected.empty()};
  if (replies.actual.empty() || replies.expected.empty()) return {.same = false};
  const bool exec = lane.multi && Upper(argv[0]) == "EXEC";
  if (lane.multi && !exec)
    return CompareReplies(Equal::kExact, argv, replies.expected, replies.actual);
  if (!exec) {
    return CompareReplies(RuleFor(argv).equal, argv, replies.expected, replies.actual, encoding);
  }
  const Value expected = ParseFrame(replies.expected);
  const Value actual = ParseFrame(replies.actual);
  if (!expected.is_aggregate() || expected.type != actual.type ||
      expected.items.size() != actual.items.size() || expected.items.size() != lane.queued.size()) {
    return {.same = expected == actual};
  }
  for (std::size_t i = 0; i < lane.queued.size(); ++i) {
    Equal equal = RuleFor(lane.queued[i]).equal;
    if (equal == Equal::kClientInfo) equal = Equal::kType;  // see known.cc
    const Verdict verdict = CompareReplies(equal, lane.queued[i], FormatFrame(expected.items[i]),
                                           FormatFrame(actual.items[i]));
    if (!verdict.same) return verdict;
  }
  return {};
}

std::size_t Runner::Group(std::span<const Step> steps, std::size_t pipeline) {
  const int index = steps[0].lane;
  const Lane& lane = arena_.lane(index);
  const auto plain = [&](const Step& step, bool multi) {
    if (step.kind != Kind::kCommand || step.lane != index) return false;
    if (lane.subscribed() && Opens(step.argv)) return false;
    const Way way = RuleFor(step.argv).way;
    return way == Way::kPlain || IsOnePage(step.argv) ||
           (multi && way != Way::kPop && way != Way::kSubscription && way != Way::kAlone &&
            way != Way::kKeySlot);
  };
  bool multi = lane.multi;
  std::size_t count = 0;
  while (count < std::min(steps.size(), pipeline) && plain(steps[count], multi)) {
    if (Opens(steps[count].argv)) multi = true;
    if (Closes(steps[count].argv)) multi = false;
    ++count;
  }
  return lane.limited() ? std::min<std::size_t>(count, 1) : count;
}

std::optional<Difference> Runner::Run(std::span<const Step> steps, std::size_t pipeline) {
  position_ = 0;
  while (!steps.empty()) {
    const std::size_t count = Group(steps, pipeline);
    position_ += std::max<std::size_t>(count, 1);
    const auto difference = count > 0 ? RunPipelined(steps.first(count)) : RunOne(steps[0]);
    if (difference) return difference;
    steps = steps.subspan(std::max<std::size_t>(count, 1));
  }
  return std::nullopt;
}

std::optional<Difference> Runner::RunOne(const Step& step) {
  const bool multi = arena_.lane(step.lane).multi;
  switch (step.kind) {
    case Kind::kRaw:
      return RunRaw(step);
    case Kind::kState:
      return CompareState();
    case Kind::kDue:
      return multi || arena_.lane(step.lane).limited() ? std::nullopt : RunDue(step);
    case Kind::kActiveExpiry:
      return multi || arena_.lane(step.lane).limited() ? std::nullopt : RunActiveExpiry(step);
    case Kind::kCommand:
      break;
  }
  const Way way = RuleFor(step.argv).way;
  // In a transaction these would leave the two servers with different data, or answer with more
  // frames than the transaction has commands.
  if (multi && (way == Way::kPop || way == Way::kSubscription || way == Way::kKeySlot)) {
    return std::nullopt;
  }
  // Redis 7.0 puts the messages that a transaction sends to its own RESP3 connection between the
  // elements of EXEC's reply, which no client can read.
  if (arena_.lane(step.lane).subscribed() && arena_.lane(step.lane).resp == 3 && Opens(step.argv)) {
    return std::nullopt;
  }
  if (arena_.lane(step.lane).limited() && way != Way::kSubscription) {
    return RunPipelined({&step, 1});
  }
  switch (way) {
    case Way::kSubscription:
      return RunSubscription(step);
    case Way::kScan:
      return RunScan(step);
    case Way::kPop:
      return RunPop(step);
    case Way::kRandom:
      return RunRandom(step);
    case Way::kKeySlot:
      return RunKeySlot(step);
    default:
      return RunPipelined({&step, 1});
  }
}

std::optional<Difference> Runner::RunPipelined(std::span<const Step> steps) {
  const int index = steps[0].lane;
  Lane& lane = arena_.lane(index);
  std::array<std::string, 2> bytes;
  std::vector<bool> probed;
  bool multi = lane.multi;
  Corrupter* corrupter = arena_.corrupter();
  for (const Step& step : steps) {
    probed.push_back(!multi && !lane.limited() && NeedsProbe(step.argv));
    if (probed.back()) AppendRequest(&bytes[kOracle], {"OBJECT", "ENCODING", step.argv[1]});
    AppendRequest(&bytes[kOracle], step.argv);
    AppendRequest(&bytes[kSubject],
                  corrupter != nullptr ? corrupter->Request(step.argv) : step.argv);
    if (Opens(step.argv)) multi = true;
    if (Closes(step.argv)) multi = false;
  }
  const bool own_barrier =
      !multi && !lane.limited() && RuleFor(steps.back().argv).way != Way::kAlone;
  const Args barrier = own_barrier ? arena_.Barrier() : Args{};
  for (const Side side : kSides) {
    if (own_barrier) AppendRequest(&bytes[side], barrier);
    lane.wire[side].Send(bytes[side]);
  }
  if (auto difference = ReadReplies(steps, probed)) return difference;
  if (!own_barrier) return Settle(steps.back().argv);
  const Replies published = {arena_.Reply(kOracle, index, {}), arena_.Reply(kSubject, index, {})};
  if (published.expected != published.actual) {
    Difference difference = ReplyDifference(steps.back(), published, {});
    difference.command = "PUBLISH";
    return difference;
  }
  if (auto difference = arena_.CompareEvents(steps.back().argv)) return difference;
  return arena_.ComparePushes(steps.back().argv);
}

std::optional<Difference> Runner::ReadReplies(std::span<const Step> steps,
                                              const std::vector<bool>& probed) {
  Lane& lane = arena_.lane(steps[0].lane);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    std::string encoding;
    if (probed[i]) encoding = ParseFrame(arena_.Reply(kOracle, step.lane, {})).text;
    const Replies replies = {arena_.Reply(kOracle, step.lane, step.argv),
                             arena_.Reply(kSubject, step.lane, step.argv)};
    const Verdict verdict = Judge(lane, step.argv, replies, encoding);
    if (!verdict.same) return ReplyDifference(step, replies, verdict);
    Track(&lane, step.argv, replies.expected);
  }
  return std::nullopt;
}

}  // namespace tideway::tests
