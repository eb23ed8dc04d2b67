// Whole databases: walking over their keys, counting, emptying and swapping them.
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/protocol/glob.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

using backend::Key;
using backend::RangeRead;
using backend::ReadScope;
using backend::View;

void Keys(View& view, Args args, ReplyWriter& reply) {
  const std::string_view pattern = args[1];
  const bool all = MatchesAll(pattern);
  size_t found = 0;
  const auto header = reply.DeferArray(all ? view.DbSize(view.db()) : 0);
  view.ForEachKey([&](const Key& key) {
    if (reply.overflowed() || (!all && !GlobMatch(pattern, key.name()))) return;
    reply.Bulk(key.name());
    ++found;
  });
  reply.Finish(header, found);
}

void Scan(View& view, Args args, ReplyWriter& reply) {
  const auto options = ScanOptionsOrReply(args, 1, true, reply);
  if (!options) return;
  const std::string refusal = view.ScanRefusal(options->cursor, options->count);
  if (!refusal.empty()) return reply.Error(refusal);
  std::vector<std::string> found;
  const uint64_t next = view.Scan(options->cursor, options->count, [&](const Key& key) {
    if (!options->Matches(key.name())) return;
    if (!options->type.empty() && !EqualsIgnoreCase(options->type, TypeName(key.type()))) return;
    found.emplace_back(key.name());
  });
  reply.Array(2);
  reply.Bulk(std::to_string(next));
  reply.Array(found.size());
  for (const std::string& name : found) reply.Bulk(name);
}

void RandomKey(View& view, Args, ReplyWriter& reply) {
  const auto name = view.RandomKey();
  name ? reply.Bulk(*name) : reply.Null();
}

void DbSize(View& view, Args, ReplyWriter& reply) {
  reply.Integer(static_cast<int64_t>(view.DbSize(view.db())));
}

// FLUSHDB and FLUSHALL take ASYNC or SYNC: memory is always freed in the background here.
bool FlushOptionsFit(Args args) {
  return args.size() == 1 || (args.size() == 2 && (EqualsIgnoreCase(args[1], "async") ||
                                                   EqualsIgnoreCase(args[1], "sync")));
}

void FlushDb(View& view, Args args, ReplyWriter& reply) {
  if (!FlushOptionsFit(args)) return reply.Error(kSyntaxError);
  view.Flush(view.db());
  reply.Ok();
}

void FlushAll(View& view, Args args, ReplyWriter& reply) {
  if (!FlushOptionsFit(args)) return reply.Error(kSyntaxError);
  for (uint32_t db = 0; db < view.database_count(); ++db) view.Flush(db);
  reply.Ok();
}

void SwapDb(View& view, Args args, ReplyWriter& reply) {
  const auto fits = [](const std::optional<int64_t>& number) {
    return number && *number >= std::numeric_limits<int32_t>::min() &&
           *number <= std::numeric_limits<int32_t>::max();
  };
  const auto first = ParseInt64(args[1]);
  if (!fits(first)) return reply.Error("ERR invalid first DB index");
  const auto second = ParseInt64(args[2]);
  if (!fits(second)) return reply.Error("ERR invalid second DB index");
  const int64_t count = view.database_count();
  if (*first < 0 || *first >= count || *second < 0 || *second >= count) {
    return reply.Error(kInvalidDbError);
  }
  if (*first != *second) {
    view.Swap(static_cast<uint32_t>(*first), static_cast<uint32_t>(*second));
  }
  reply.Ok();
}

// clang-format off
constexpr auto kDatabaseCommands = std::to_array<Command>({
    {.name = "dbsize", .arity = 1, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .reads = ReadScope::kEverything, .data = DbSize, .range = RangeRead::Kind::kSize,
     .summary = "Counts the keys of the database.", .since = "1.0.0", .group = "server",
     .complexity = "O(1)", .tips = "request_policy:all_shards,response_policy:agg_sum"},
    {.name = "flushall", .arity = -1, .flags = kWrite | kAlone | kAllDbs,
     .acl = kAclKeyspace | kAclDangerous,
     .reads = ReadScope::kEverything, .data = FlushAll, .range = RangeRead::Kind::kFlush,
     .summary = "Removes all keys of all databases.", .since = "1.0.0", .group = "server",
     .tips = "request_policy:all_shards,response_policy:all_succeeded"},
    {.name = "flushdb", .arity = -1, .flags = kWrite | kAlone, .acl = kAclKeyspace | kAclDangerous,
     .reads = ReadScope::kEverything, .data = FlushDb, .range = RangeRead::Kind::kFlush,
     .summary = "Removes all keys of the database.", .since = "1.0.0", .group = "server",
     .tips = "request_policy:all_shards,response_policy:all_succeeded"},
    {.name = "keys", .arity = 2, .flags = kReadonly, .acl = kAclKeyspace | kAclDangerous,
     .reads = ReadScope::kEverything, .data = Keys, .range = RangeRead::Kind::kKeys,
     .summary = "Gives all keys that match a pattern.", .since = "1.0.0", .group = "generic",
     .tips = "request_policy:all_shards,nondeterministic_output_order"},
    {.name = "randomkey", .arity = 1, .flags = kReadonly, .acl = kAclKeyspace,
     .reads = ReadScope::kEverything, .data = RandomKey, .range = RangeRead::Kind::kRandom,
     .summary = "Gives a key chosen at random.", .since = "1.0.0", .group = "generic",
     .complexity = "O(1)", .tips = "request_policy:all_shards,nondeterministic_output"},
    {.name = "scan", .arity = -2, .flags = kReadonly, .acl = kAclKeyspace,
     .reads = ReadScope::kEverything, .data = Scan, .range = RangeRead::Kind::kPage,
     .summary = "Walks over the keys in steps.",
     .since = "2.8.0", .group = "generic",
     .tips = "nondeterministic_output,request_policy:special"},
    {.name = "swapdb", .arity = 3, .flags = kWrite | kFast | kAlone,
     .acl = kAclKeyspace | kAclDangerous, .reads = ReadScope::kEverything, .data = SwapDb,
     .range = RangeRead::Kind::kSize,
     .summary = "Swaps two databases.", .since = "4.0.0", .group = "server"},
});
// clang-format on

}  // namespace

std::span<const Command> DatabaseCommands() { return kDatabaseCommands; }

}  // namespace tideway::resp
