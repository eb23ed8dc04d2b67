// The steps that are more than one command and one reply.
#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "tests/differential/known.h"
#include "tests/differential/runner.h"
#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kMark = "~done";
// Keys in TiDB are expired for all nodes by one of them, within a second; more on a busy machine.
constexpr milliseconds kOthersExpire{3000};

std::string Concat(const std::vector<std::string>& frames) {
  std::string out;
  for (const std::string& frame : frames) out += frame;
  return out;
}

// UNSUBSCRIBE without arguments: Redis goes through its table of channels in any order, the counts
// go down one by one.
bool SameInAnyOrder(const std::vector<std::string>& expected,
                    const std::vector<std::string>& actual) {
  if (expected.size() != actual.size()) return false;
  std::multiset<std::string> names[2];
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Value a = ParseFrame(expected[i]);
    const Value b = ParseFrame(actual[i]);
    if (a.type != b.type || a.items.size() != 3 || b.items.size() != 3) return false;
    if (a.items[0] != b.items[0] || a.items[2] != b.items[2]) return false;
    names[0].insert(FormatFrame(a.items[1]));
    names[1].insert(FormatFrame(b.items[1]));
  }
  return names[0] == names[1];
}

void CountSubscriptions(Lane* lane, const std::vector<std::string>& frames) {
  for (const std::string& frame : frames) {
    const Value value = ParseFrame(frame);
    if (value.items.size() != 3) continue;
    const auto count = value.items[2].integer();
    if (!count) continue;
    const bool shard = value.items[0].text.starts_with("s") && value.items[0].text != "subscribe";
    (shard ? lane->shard_subscriptions : lane->subscriptions) = *count;
  }
}

std::vector<std::string> Texts(const Value& value) {
  if (!value.is_aggregate()) return {value.text};
  std::vector<std::string> out;
  for (const Value& item : value.items) out.push_back(item.text);
  return out;
}

bool AllOnes(const std::string& frame) {
  const Value value = ParseFrame(frame);
  return !value.items.empty() && std::all_of(value.items.begin(), value.items.end(),
                                             [](const Value& item) { return item.integer() == 1; });
}

// Elements of `a` that are not in `b`, behind `head`.
Args Without(Args head, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (const std::string& element : a) {
    if (std::find(b.begin(), b.end(), element) == b.end()) head.push_back(element);
  }
  return head;
}

// The elements of a whole iteration, and what the last reply was if it was no page.
struct Iteration {
  std::multiset<std::string> elements;
  std::string first;
  std::string broken;
};

bool IsPage(const Value& page) {
  return page.is_aggregate() && page.items.size() == 2 && page.items[1].is_aggregate();
}

}  // namespace

std::optional<Difference> Runner::RunSubscription(const Step& step) {
  Lane& lane = arena_.lane(step.lane);
  const std::string end = "$" + std::to_string(kMark.size()) + "\r\n" + std::string(kMark) + "\r\n";
  std::array<std::vector<std::string>, 2> frames;
  std::string request;
  AppendRequest(&request, step.argv);
  AppendRequest(&request, {"PING", std::string(kMark)});
  for (const Side side : kSides) lane.wire[side].Send(request);
  for (const Side side : kSides) {
    for (;;) {
      std::string frame = arena_.Reply(side, step.lane, step.argv);
      if (frame.empty() || frame.ends_with(end)) break;
      frames[side].push_back(std::move(frame));
    }
  }
  const bool any_order = step.argv.size() == 1 && Upper(step.argv[0]).ends_with("UNSUBSCRIBE");
  if (frames[kOracle] != frames[kSubject] &&
      !(any_order && SameInAnyOrder(frames[kOracle], frames[kSubject]))) {
    return ReplyDifference(step, {Concat(frames[kOracle]), Concat(frames[kSubject])}, {});
  }
  CountSubscriptions(&lane, frames[kOracle]);
  return Settle(step.argv);
}

std::optional<Difference> Runner::RunScan(const Step& step) {
  const bool keyed = Upper(step.argv[0]) != "SCAN";
  const std::size_t cursor_at = keyed ? 2 : 1;
  const bool whole = step.argv.size() > cursor_at && step.argv[cursor_at] == "0";
  std::string encoding;
  if (keyed && step.argv.size() > 1) {
    encoding = ParseFrame(Ask(kOracle, step.lane, {"OBJECT", "ENCODING", step.argv[1]})).text;
  }
  std::array<Iteration, 2> sides;
  for (const Side side : kSides) {
    Args argv = step.argv;
    Iteration& at = sides[side];
    for (int round = 0; round < 20'000; ++round) {
      const std::string frame = Ask(side, step.lane, argv);
      if (round == 0) at.first = frame;
      const Value page = ParseFrame(frame);
      if (!IsPage(page)) {
        at.broken = frame.empty() ? "(no reply)" : frame;
        break;
      }
      const std::size_t stride = Upper(argv[0]) == "HSCAN" ? 2 : 1;
      for (std::size_t i = 0; i + stride <= page.items[1].items.size(); i += stride) {
        std::string element = FormatFrame(page.items[1].items[i]);
        if (stride == 2) element += FormatFrame(page.items[1].items[i + 1]);
        if (at.elements.count(element) == 0) at.elements.insert(std::move(element));
      }
      if (!whole || page.items[0].text == "0") break;
      argv[cursor_at] = page.items[0].text;
    }
  }
  const bool exact = encoding == "listpack" || encoding == "intset";
  const bool same = sides[kOracle].broken == sides[kSubject].broken &&
                    (!exact || sides[kOracle].first == sides[kSubject].first) &&
                    (!whole || sides[kOracle].elements == sides[kSubject].elements);
  if (!same && !IsKnownDifference(step.argv, ParseFrame(sides[kOracle].first),
                                  ParseFrame(sides[kSubject].first))) {
    return ReplyDifference(step, {sides[kOracle].first, sides[kSubject].first}, {});
  }
  return Settle(step.argv);
}

std::optional<Difference> Runner::RunPop(const Step& step) {
  // A subscriber in a transaction cannot be asked what it was told while the data were levelled.
  for (int i = 0; i < kLanes; ++i) {
    if (arena_.lane(i).multi && arena_.lane(i).subscribed()) return std::nullopt;
  }
  const Replies replies = Exchange(step.lane, step.argv);
  const Verdict verdict = Judge(arena_.lane(step.lane), step.argv, replies, {});
  if (!verdict.same) return ReplyDifference(step, replies, verdict);
  if (auto difference = Settle(step.argv)) return difference;
  if (replies.expected == replies.actual) return std::nullopt;
  const auto expected = Texts(ParseFrame(replies.expected));
  const auto actual = Texts(ParseFrame(replies.actual));
  const std::string& key = step.argv[1];
  const Args back = Without({"SADD", key}, actual, expected);
  const Args away = Without({"SREM", key}, expected, actual);
  if (back.size() == 2 && away.size() == 2) return std::nullopt;  // the same in another order
  Args known = back;
  known[0] = "SMISMEMBER";
  Args kept = away;
  kept[0] = "SMISMEMBER";
  const bool plausible = back.size() == away.size() && AllOnes(Ask(kOracle, step.lane, known)) &&
                         AllOnes(Ask(kSubject, step.lane, kept));
  if (!plausible) return ReplyDifference(step, replies, {});
  Ask(kSubject, step.lane, back);
  Ask(kSubject, step.lane, away);
  LevelEncoding(step.lane, key);
  arena_.Discard();
  return std::nullopt;
}

// SPOP may build the set anew from what is left, and its encoding then depends on what that is.
void Runner::LevelEncoding(int lane, const std::string& key) {
  const Args encoding = {"OBJECT", "ENCODING", key};
  const std::string wanted = Ask(kOracle, lane, encoding);
  if (wanted == Ask(kSubject, lane, encoding)) return;
  if (ParseFrame(wanted).text != "intset") {
    Ask(kSubject, lane, {"SADD", key, "~no number"});
    Ask(kSubject, lane, {"SREM", key, "~no number"});
    return;
  }
  const Value due = ParseFrame(Ask(kSubject, lane, {"PEXPIRETIME", key}));
  Args add = {"SADD", key};
  for (const Value& member : ParseFrame(Ask(kOracle, lane, {"SMEMBERS", key})).items) {
    add.push_back(member.text);
  }
  // It may be an intset from before the limit was lowered.
  const Value limit = ParseFrame(Ask(kSubject, lane, {"CONFIG", "GET", "set-max-intset-entries"}));
  Ask(kSubject, lane, {"CONFIG", "SET", "set-max-intset-entries", "1000000"});
  Ask(kSubject, lane, {"DEL", key});
  Ask(kSubject, lane, add);
  if (limit.items.size() == 2) {
    Ask(kSubject, lane, {"CONFIG", "SET", "set-max-intset-entries", limit.items[1].text});
  }
  if (due.integer().value_or(-1) > 0) Ask(kSubject, lane, {"PEXPIREAT", key, due.text});
}

std::optional<Difference> Runner::RunRandom(const Step& step) {
  const Replies replies = Exchange(step.lane, step.argv);
  const Verdict verdict = Judge(arena_.lane(step.lane), step.argv, replies, {});
  if (!verdict.same) return ReplyDifference(step, replies, verdict);
  if (replies.expected == replies.actual) return Settle(step.argv);
  const std::string name = Upper(step.argv[0]);
  const Value actual = ParseFrame(replies.actual);
  std::vector<std::string> chosen;
  std::vector<std::string> values;
  const bool with_values = step.argv.size() > 3;
  if (with_values && actual.is_aggregate() && !actual.items.empty()) {
    const bool nested = actual.items[0].is_aggregate();  // RESP3
    for (std::size_t i = 0; i < actual.items.size(); i += nested ? 1 : 2) {
      chosen.push_back(nested ? actual.items[i].items[0].text : actual.items[i].text);
      values.push_back(nested ? actual.items[i].items[1].text : actual.items[i + 1].text);
    }
  } else {
    chosen = Texts(actual);
  }
  bool plausible = true;
  if (name == "RANDOMKEY") {
    plausible = Ask(kOracle, step.lane, {"EXISTS", chosen[0]}) == ":1\r\n";
  } else if (!chosen.empty()) {
    const bool distinct = step.argv.size() < 3 || step.argv[2][0] != '-';
    plausible = !distinct || std::set(chosen.begin(), chosen.end()).size() == chosen.size();
    Args check = {name == "SRANDMEMBER" ? "SMISMEMBER" : "HMGET", step.argv[1]};
    check.insert(check.end(), chosen.begin(), chosen.end());
    const std::string known = Ask(kOracle, step.lane, check);
    if (name == "SRANDMEMBER") {
      plausible = plausible && AllOnes(known);
    } else {
      const Value fields = ParseFrame(known);
      for (std::size_t i = 0; i < fields.items.size(); ++i) {
        plausible = plausible && !fields.items[i].null &&
                    (values.empty() || fields.items[i].text == values[i]);
      }
    }
  }
  if (!plausible) return ReplyDifference(step, replies, {});
  return Settle(step.argv);
}

std::optional<Difference> Runner::RunKeySlot(const Step& step) {
  const Replies replies = {arena_.ClusterControl(step.argv), Ask(kSubject, step.lane, step.argv)};
  if (replies.expected != replies.actual) return ReplyDifference(step, replies, {});
  return std::nullopt;
}

std::optional<Difference> Runner::RunDue(const Step& step) {
  const Replies replies = Exchange(step.lane, step.argv);
  const Verdict verdict = Judge(arena_.lane(step.lane), step.argv, replies, {});
  if (!verdict.same) return ReplyDifference(step, replies, verdict);
  std::this_thread::sleep_for(milliseconds(20));
  // RENAME, COPY and EXPIRE may fail before they meet a key; one that is due must not stay. Redis
  // may have found it meanwhile by itself, so the events count together.
  std::vector<Step> touches(2, Step{.lane = step.lane});
  touches[0].argv = step.touch;
  touches[1].argv = {"EXISTS"};
  touches[1].argv.insert(touches[1].argv.end(), step.touch.begin() + 1,
                         step.touch.begin() + std::min<std::ptrdiff_t>(3, std::ssize(step.touch)));
  auto difference = DataInTidb() ? RunUntilExpired(touches) : RunPipelined(touches);
  if (difference && difference->aspect == "events") {
    difference->command = CommandName(step.touch);
    difference->timing = true;  // a machine that stood still for some ms could do it
  }
  return difference;
}

// For a server whose reads of a due key are not what tells `expired`: that comes a little later.
std::optional<Difference> Runner::RunUntilExpired(std::span<const Step> steps) {
  for (const Step& step : steps) {
    const Replies replies = Exchange(step.lane, step.argv);
    const Verdict verdict = Judge(arena_.lane(step.lane), step.argv, replies, {});
    if (!verdict.same) return ReplyDifference(step, replies, verdict);
  }
  arena_.AwaitExpired(kOthersExpire);
  return Settle(steps[0].argv, false);
}

std::optional<Difference> Runner::RunActiveExpiry(const Step& step) {
  const Replies replies = Exchange(step.lane, step.argv);
  const Verdict verdict = Judge(arena_.lane(step.lane), step.argv, replies, {});
  if (!verdict.same) return ReplyDifference(step, replies, verdict);
  arena_.AwaitExpired(DataInTidb() ? kOthersExpire : milliseconds(300));
  return Settle(step.argv);
}

std::optional<Difference> Runner::RunRaw(const Step& step) {
  std::array<std::string, 2> answers;
  std::string bytes = step.raw;
  AppendRequest(&bytes, {"PING", std::string(kMark)});
  for (const Side side : kSides) {
    Wire wire = arena_.Connect(side);
    wire.Send(bytes);
    answers[side] = wire.Drain(std::string(kMark) + "\r\n", milliseconds(1000));
    answers[side] += wire.broken() ? "(closed)" : "";
  }
  if (answers[kOracle] != answers[kSubject]) {
    Difference difference = ReplyDifference(step, {answers[kOracle], answers[kSubject]}, {});
    difference.command = "raw bytes";
    return difference;
  }
  return Settle({"(raw bytes)"});
}

}  // namespace tideway::tests
