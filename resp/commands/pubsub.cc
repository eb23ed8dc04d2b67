// Pub/sub: channels, patterns and shard channels.
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "resp/bus_receiver.h"
#include "resp/call.h"
#include "resp/command/errors.h"
#include "resp/command/help.h"
#include "resp/executor.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

// Words of the replies, by kind of channel.
struct Words {
  std::string_view subscribe;
  std::string_view unsubscribe;
};
constexpr Words WordsOf(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kPattern:
      return {"psubscribe", "punsubscribe"};
    case ChannelKind::kShard:
      return {"ssubscribe", "sunsubscribe"};
    case ChannelKind::kExact:
      break;
  }
  return {"subscribe", "unsubscribe"};
}

// The count that a reply tells: shard channels are counted apart.
int64_t CountFor(const Session& session, ChannelKind kind) {
  const SubscriberState& state = session.subscriptions;
  if (kind == ChannelKind::kShard) return static_cast<int64_t>(state.count(kind));
  return static_cast<int64_t>(state.count(ChannelKind::kExact) +
                              state.count(ChannelKind::kPattern));
}

void SubscribeTo(Call& call, ChannelKind kind) {
  for (const std::string_view name : call.args.subspan(1)) {
    if (call.worker.subscriptions().Subscribe(call.session, kind, name)) {
      call.executor.SubscriptionBegan(kind, name);
    }
    call.reply.Push(3);
    call.reply.Bulk(WordsOf(kind).subscribe);
    call.reply.Bulk(name);
    call.reply.Integer(CountFor(call.session, kind));
  }
}

void UnsubscribeFrom(Call& call, ChannelKind kind) {
  const auto answer = [&](std::string_view name) {
    call.reply.Push(3);
    call.reply.Bulk(WordsOf(kind).unsubscribe);
    call.reply.Bulk(name);
    call.reply.Integer(CountFor(call.session, kind));
  };
  if (call.args.size() > 1) {
    for (const std::string_view name : call.args.subspan(1)) {
      call.worker.subscriptions().Unsubscribe(call.session, kind, name);
      answer(name);
    }
    return;
  }
  if (call.session.subscriptions.count(kind) == 0) {
    call.reply.Push(3);
    call.reply.Bulk(WordsOf(kind).unsubscribe);
    call.reply.Null();
    call.reply.Integer(CountFor(call.session, kind));
    return;
  }
  call.worker.subscriptions().UnsubscribeAll(call.session, kind,
                                             [&](const std::string& name) { answer(name); });
}

void Subscribe(Call& call) { SubscribeTo(call, ChannelKind::kExact); }
void PSubscribe(Call& call) { SubscribeTo(call, ChannelKind::kPattern); }
void SSubscribe(Call& call) { SubscribeTo(call, ChannelKind::kShard); }
void Unsubscribe(Call& call) { UnsubscribeFrom(call, ChannelKind::kExact); }
void PUnsubscribe(Call& call) { UnsubscribeFrom(call, ChannelKind::kPattern); }
void SUnsubscribe(Call& call) { UnsubscribeFrom(call, ChannelKind::kShard); }

void PublishOn(Call& call, ChannelKind kind) {
  const std::string refusal =
      call.server.bus.Refusal(TopicOf(kind), call.args[1], call.args[2].size());
  if (!refusal.empty()) return call.reply.Error(refusal);
  const uint64_t receivers = call.executor.Publish(call.session, kind, call.args[1], call.args[2]);
  call.reply.Integer(static_cast<int64_t>(receivers));
}

void Publish(Call& call) { PublishOn(call, ChannelKind::kExact); }
void SPublish(Call& call) { PublishOn(call, ChannelKind::kShard); }

// --- PUBSUB

using Kind = cdc::NodeQuestion::Kind;

// What the nodes said, in one reply.
void WriteNames(const std::vector<cdc::NodeAnswer>& answers, ReplyWriter& reply) {
  std::set<std::string_view> names;
  for (const cdc::NodeAnswer& answer : answers)
    names.insert(answer.names.begin(), answer.names.end());
  reply.Array(names.size());
  for (const std::string_view name : names) reply.Bulk(name);
}

void WriteNumberOfNames(const std::vector<cdc::NodeAnswer>& answers, ReplyWriter& reply) {
  std::set<std::string_view> names;
  for (const cdc::NodeAnswer& answer : answers)
    names.insert(answer.names.begin(), answer.names.end());
  reply.Integer(static_cast<int64_t>(names.size()));
}

void WriteCounts(const std::vector<std::string>& names, const std::vector<cdc::NodeAnswer>& answers,
                 ReplyWriter& reply) {
  reply.Array(names.size() * 2);
  for (size_t i = 0; i < names.size(); ++i) {
    uint64_t count = 0;
    for (const cdc::NodeAnswer& answer : answers) {
      if (i < answer.counts.size()) count += answer.counts[i];
    }
    reply.Bulk(names[i]);
    reply.Integer(static_cast<int64_t>(count));
  }
}

// Answers for all nodes. Who is inside an EXEC cannot wait for others and hears of this node alone;
// who wants no reply waits for nobody.
void AnswerWithOthers(Call& call, cdc::NodeQuestion question) {
  const auto write = [question](const std::vector<cdc::NodeAnswer>& answers, ReplyWriter& reply) {
    switch (question.kind) {
      case Kind::kChannels:
      case Kind::kShardChannels:
        return WriteNames(answers, reply);
      case Kind::kPatterns:
        return WriteNumberOfNames(answers, reply);
      case Kind::kCounts:
      case Kind::kShardCounts:
        return WriteCounts(question.names, answers, reply);
    }
  };
  const ReplyMode mode = call.session.reply_mode;
  const bool silent = mode == ReplyMode::kOff || mode == ReplyMode::kSkipping;
  std::vector<cdc::NodeAnswer> answers = {AnswerHere(call.server, question)};
  if (call.server.bus.alone() || call.session.in_multi() || silent) {
    return write(answers, call.reply);
  }
  call.worker.AskNodes(call.session, std::move(question),
                       [write, here = std::move(answers.front())](
                           const std::vector<cdc::NodeAnswer>& others, ReplyWriter& reply) {
                         std::vector<cdc::NodeAnswer> all = others;
                         all.push_back(here);
                         write(all, reply);
                       });
}

void ReplyNames(Call& call, Kind kind) {
  if (call.args.size() > 3) return call.reply.Error(SubcommandSyntaxError(call.args, "PUBSUB"));
  cdc::NodeQuestion question;
  question.kind = kind;
  question.all = call.args.size() < 3;
  if (!question.all) question.pattern = call.args[2];
  AnswerWithOthers(call, std::move(question));
}

void ReplyCounts(Call& call, Kind kind) {
  cdc::NodeQuestion question;
  question.kind = kind;
  const Args names = call.args.subspan(2);
  question.names.assign(names.begin(), names.end());
  AnswerWithOthers(call, std::move(question));
}

void PubsubChannels(Call& call) { ReplyNames(call, Kind::kChannels); }
void PubsubShardchannels(Call& call) { ReplyNames(call, Kind::kShardChannels); }
void PubsubNumsub(Call& call) { ReplyCounts(call, Kind::kCounts); }
void PubsubShardnumsub(Call& call) { ReplyCounts(call, Kind::kShardCounts); }
void PubsubNumpat(Call& call) {
  cdc::NodeQuestion question;
  question.kind = Kind::kPatterns;
  AnswerWithOthers(call, std::move(question));
}

// clang-format off
constexpr auto kPubsubSubcommands = std::to_array<Command>({
    {.name = "channels", .arity = -2, .flags = kPubsub | kLoading | kStale | kAlone,
     .session = PubsubChannels, .summary = "Gives the channels that have listeners.",
     .since = "2.8.0", .group = "pubsub", .container = "pubsub"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .session = SubcommandHelp,
     .summary = "Tells the subcommands.", .since = "6.2.0", .group = "pubsub",
     .complexity = "O(1)", .container = "pubsub"},
    {.name = "numpat", .arity = 2, .flags = kPubsub | kLoading | kStale | kAlone,
     .session = PubsubNumpat,
     .summary = "Counts the patterns that have listeners.", .since = "2.8.0", .group = "pubsub",
     .complexity = "O(1)", .container = "pubsub"},
    {.name = "numsub", .arity = -2, .flags = kPubsub | kLoading | kStale | kAlone,
     .session = PubsubNumsub,
     .summary = "Counts the listeners of channels.", .since = "2.8.0", .group = "pubsub",
     .container = "pubsub"},
    {.name = "shardchannels", .arity = -2, .flags = kPubsub | kLoading | kStale | kAlone,
     .session = PubsubShardchannels, .summary = "Gives the shard channels that have listeners.",
     .since = "7.0.0", .group = "pubsub", .container = "pubsub"},
    {.name = "shardnumsub", .arity = -2, .flags = kPubsub | kLoading | kStale | kAlone,
     .session = PubsubShardnumsub, .summary = "Counts the listeners of shard channels.",
     .since = "7.0.0", .group = "pubsub", .container = "pubsub"},
});

constexpr auto kPubsubCommands = std::to_array<Command>({
    {.name = "psubscribe", .arity = -2,
     .flags = kPubsub | kNoscript | kLoading | kStale | kInSubscribed | kPushes | kAlone,
     .session = PSubscribe,
     .summary = "Listens to channels by pattern.", .since = "2.0.0", .group = "pubsub"},
    {.name = "publish", .arity = 3, .flags = kPubsub | kLoading | kStale | kFast | kMayReplicate,
     .session = Publish, .summary = "Sends a message to a channel.", .since = "2.0.0",
     .group = "pubsub"},
    {.name = "pubsub", .arity = -2, .summary = "Tells about channels and listeners.",
     .since = "2.8.0", .group = "pubsub", .subcommands = kPubsubSubcommands},
    {.name = "punsubscribe", .arity = -1,
     .flags = kPubsub | kNoscript | kLoading | kStale | kInSubscribed | kPushes | kAlone,
     .session = PUnsubscribe,
     .summary = "Stops listening by pattern.", .since = "2.0.0", .group = "pubsub"},
    {.name = "spublish", .arity = 3, .flags = kPubsub | kLoading | kStale | kFast | kMayReplicate,
     .keys = RangeKeys(KeySpec::kRO, kKeyNotKey, 1, 0, 1),
     .session = SPublish, .summary = "Sends a message to a shard channel.", .since = "7.0.0",
     .group = "pubsub"},
    {.name = "ssubscribe", .arity = -2,
     .flags = kPubsub | kNoscript | kLoading | kStale | kInSubscribed | kPushes | kAlone,
     .keys = RangeKeys(KeySpec::kRO, kKeyNotKey, 1, -1, 1),
     .session = SSubscribe, .summary = "Listens to shard channels.", .since = "7.0.0",
     .group = "pubsub"},
    {.name = "subscribe", .arity = -2,
     .flags = kPubsub | kNoscript | kLoading | kStale | kInSubscribed | kPushes | kAlone,
     .session = Subscribe,
     .summary = "Listens to channels.", .since = "2.0.0", .group = "pubsub"},
    {.name = "sunsubscribe", .arity = -1,
     .flags = kPubsub | kNoscript | kLoading | kStale | kInSubscribed | kPushes | kAlone,
     .keys = RangeKeys(KeySpec::kRO, kKeyNotKey, 1, -1, 1),
     .session = SUnsubscribe, .summary = "Stops listening to shard channels.", .since = "7.0.0",
     .group = "pubsub"},
    {.name = "unsubscribe", .arity = -1,
     .flags = kPubsub | kNoscript | kLoading | kStale | kInSubscribed | kPushes | kAlone,
     .session = Unsubscribe,
     .summary = "Stops listening to channels.", .since = "2.0.0", .group = "pubsub"},
});
// clang-format on

}  // namespace

std::span<const Command> PubsubCommands() { return kPubsubCommands; }

}  // namespace tideway::resp
