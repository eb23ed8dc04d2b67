// Pub/sub: channels, patterns and shard channels.
#include <array>
#include <string>
#include <vector>

#include "resp/call.h"
#include "resp/command/errors.h"
#include "resp/command/help.h"
#include "resp/executor.h"
#include "resp/protocol/glob.h"
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
  const uint64_t receivers = call.executor.Publish(call.session, kind, call.args[1], call.args[2]);
  call.reply.Integer(static_cast<int64_t>(receivers));
}

void Publish(Call& call) { PublishOn(call, ChannelKind::kExact); }
void SPublish(Call& call) { PublishOn(call, ChannelKind::kShard); }

// --- PUBSUB

void ReplyNames(Call& call, ChannelKind kind) {
  std::vector<std::string> names;
  if (call.args.size() > 3) return call.reply.Error(SubcommandSyntaxError(call.args, "PUBSUB"));
  const bool all = call.args.size() < 3;
  call.server.registry.ForEach(kind, [&](const std::string& name) {
    if (all || GlobMatch(call.args[2], name)) names.push_back(name);
  });
  call.reply.Array(names.size());
  for (const std::string& name : names) call.reply.Bulk(name);
}

void ReplyCounts(Call& call, ChannelKind kind) {
  const Args names = call.args.subspan(2);
  call.reply.Array(names.size() * 2);
  for (const std::string_view name : names) {
    call.reply.Bulk(name);
    call.reply.Integer(static_cast<int64_t>(call.server.registry.Count(kind, name)));
  }
}

void PubsubChannels(Call& call) { ReplyNames(call, ChannelKind::kExact); }
void PubsubShardchannels(Call& call) { ReplyNames(call, ChannelKind::kShard); }
void PubsubNumsub(Call& call) { ReplyCounts(call, ChannelKind::kExact); }
void PubsubShardnumsub(Call& call) { ReplyCounts(call, ChannelKind::kShard); }
void PubsubNumpat(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.server.registry.Names(ChannelKind::kPattern)));
}

// clang-format off
constexpr auto kPubsubSubcommands = std::to_array<Command>({
    {.name = "channels", .arity = -2, .flags = kPubsub | kLoading | kStale,
     .session = PubsubChannels, .summary = "Gives the channels that have listeners.",
     .since = "2.8.0", .group = "pubsub", .container = "pubsub"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .session = SubcommandHelp,
     .summary = "Tells the subcommands.", .since = "6.2.0", .group = "pubsub",
     .complexity = "O(1)", .container = "pubsub"},
    {.name = "numpat", .arity = 2, .flags = kPubsub | kLoading | kStale, .session = PubsubNumpat,
     .summary = "Counts the patterns that have listeners.", .since = "2.8.0", .group = "pubsub",
     .complexity = "O(1)", .container = "pubsub"},
    {.name = "numsub", .arity = -2, .flags = kPubsub | kLoading | kStale, .session = PubsubNumsub,
     .summary = "Counts the listeners of channels.", .since = "2.8.0", .group = "pubsub",
     .container = "pubsub"},
    {.name = "shardchannels", .arity = -2, .flags = kPubsub | kLoading | kStale,
     .session = PubsubShardchannels, .summary = "Gives the shard channels that have listeners.",
     .since = "7.0.0", .group = "pubsub", .container = "pubsub"},
    {.name = "shardnumsub", .arity = -2, .flags = kPubsub | kLoading | kStale,
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
