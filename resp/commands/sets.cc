// Sets: members without order under one key, and the algebra over several sets.
#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/command/sampling.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

using backend::Event;
using backend::Key;
using backend::ReadScope;
using backend::ValueType;
using backend::View;

int64_t Count(size_t n) { return static_cast<int64_t>(n); }

std::vector<std::string> Members(const Key& key) {
  std::vector<std::string> members;
  members.reserve(key.SetSize());
  key.SetForEach([&](std::string_view member) { members.emplace_back(member); });
  return members;
}

void ReplyMembers(const std::vector<std::string>& members, ReplyWriter& reply) {
  for (const std::string& member : members) reply.Bulk(member);
}

// --- one set

void SAdd(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  int64_t added = 0;
  for (const std::string_view member : args.subspan(2)) added += key.SetAdd(member);
  if (added > 0) view.Note(Event::kSAdd, key);
  reply.Integer(added);
}

void SRem(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (!key.exists()) return reply.Integer(0);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  int64_t removed = 0;
  for (const std::string_view member : args.subspan(2)) {
    if (!key.SetRemove(member)) continue;
    ++removed;
    if (key.SetSize() == 0) break;
  }
  if (removed > 0) {
    view.Note(Event::kSRem, key);
    if (key.EraseIfEmpty()) view.Note(Event::kDel, key);
  }
  reply.Integer(removed);
}

void SMembers(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Set(0);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  reply.Set(key.SetSize());
  key.SetForEach([&](std::string_view member) { reply.Bulk(member); });
}

void SIsMember(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Integer(0);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  reply.Integer(key.SetContains(args[2]) ? 1 : 0);
}

void SMIsMember(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  reply.Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    reply.Integer(key.exists() && key.SetContains(member) ? 1 : 0);
  }
}

void SCard(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  reply.Integer(key.exists() ? Count(key.SetSize()) : 0);
}

void SMove(View& view, Args args, ReplyWriter& reply) {
  Key source = view.OpenWrite(args[1]);
  if (!source.exists()) return reply.Integer(0);
  const Key seen = view.OpenWrite(args[2]);
  if (IsWrongType(source, ValueType::kSet, reply)) return;
  if (IsWrongType(seen, ValueType::kSet, reply)) return;
  const std::string_view member = args[3];
  if (args[1] == args[2]) return reply.Integer(source.SetContains(member) ? 1 : 0);
  if (!source.SetRemove(member)) return reply.Integer(0);
  view.Note(Event::kSRem, source);
  if (source.EraseIfEmpty()) view.Note(Event::kDel, source);
  Key target = view.OpenWrite(args[2]);
  if (target.SetAdd(member)) view.Note(Event::kSAdd, target);
  reply.Integer(1);
}

void SScan(View& view, Args args, ReplyWriter& reply) {
  if (!ParseCursor(args[2])) return reply.Error(kInvalidCursorError);
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  if (!key.exists()) {
    reply.Array(2);
    reply.Bulk("0");
    return reply.Array(0);
  }
  const auto options = ScanOptionsOrReply(args, 2, false, reply);
  if (!options) return;
  std::vector<std::string> found;
  const uint64_t next = key.SetScan(options->cursor, options->count, [&](std::string_view member) {
    if (options->Matches(member)) found.emplace_back(member);
  });
  reply.Array(2);
  reply.Bulk(std::to_string(next));
  reply.Array(found.size());
  ReplyMembers(found, reply);
}

// --- random members

std::vector<std::string> SampleMembers(View& view, const Key& key, size_t count) {
  return SampleDistinct(
      view, key.SetSize(), count, [&] { return Members(key); },
      [&](uint64_t number) { return key.SetRandom(number); });
}

void SRandMember(View& view, Args args, ReplyWriter& reply) {
  if (args.size() == 2) {
    const Key key = view.OpenRead(args[1]);
    if (!key.exists()) return reply.Null();
    if (IsWrongType(key, ValueType::kSet, reply)) return;
    return reply.Bulk(key.SetRandom(view.Random()));
  }
  if (args.size() > 3) return reply.Error(kSyntaxError);
  const auto count = SampleCountOrReply(args[2], reply);
  if (!count) return;
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  if (!key.exists() || *count == 0) return reply.Array(0);
  if (*count < 0) {
    const auto wanted = static_cast<uint64_t>(-*count);
    if (!reply.HasRoomFor(wanted, ReplyWriter::kBulkBytesMin)) return;
    reply.Array(wanted);
    for (uint64_t i = 0; i < wanted && !reply.overflowed(); ++i) {
      reply.Bulk(key.SetRandom(view.Random()));
    }
    return;
  }
  const bool all = static_cast<uint64_t>(*count) >= key.SetSize();
  const auto members = all ? Members(key) : SampleMembers(view, key, static_cast<size_t>(*count));
  reply.Array(members.size());
  ReplyMembers(members, reply);
}

// Removes what SPOP drew, with its events.
void Pop(View& view, Key& key, const std::vector<std::string>& members) {
  for (const std::string& member : members) key.SetRemove(member);
  view.Note(Event::kSPop, key);
  if (key.EraseIfEmpty()) view.Note(Event::kDel, key);
}

void SPop(View& view, Args args, ReplyWriter& reply) {
  if (args.size() > 3) return reply.Error(kSyntaxError);
  if (args.size() == 2) {
    Key key = view.OpenWrite(args[1]);
    if (!key.exists()) return reply.Null();
    if (IsWrongType(key, ValueType::kSet, reply)) return;
    const std::string member = key.SetRandom(view.Random());
    reply.Bulk(member);
    if (!reply.overflowed()) Pop(view, key, {member});
    return;
  }
  const auto count = ParseInt64(args[2]);
  if (!count) return reply.Error("ERR value is out of range, must be positive");
  if (*count < 0) return reply.Error("ERR value is out of range, must be positive");
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kSet, reply)) return;
  if (!key.exists() || *count == 0) return reply.Set(0);
  const bool all = static_cast<uint64_t>(*count) >= key.SetSize();
  const auto members = all ? Members(key) : SampleMembers(view, key, static_cast<size_t>(*count));
  reply.Set(members.size());
  ReplyMembers(members, reply);
  if (!reply.overflowed()) Pop(view, key, members);
}

// --- algebra

// Opens the source sets; false after answering WRONGTYPE.
bool OpenSources(View& view, Args names, std::vector<Key>& sources, ReplyWriter& reply) {
  sources.reserve(names.size());
  for (const std::string_view name : names) {
    sources.push_back(view.OpenRead(name));
    if (IsWrongType(sources.back(), ValueType::kSet, reply)) return false;
  }
  return true;
}

// What all sources have in common, at most `limit` members.
std::vector<std::string> Intersection(std::vector<Key> sources, size_t limit) {
  std::vector<std::string> result;
  for (const Key& source : sources) {
    if (!source.exists()) return result;
  }
  std::sort(sources.begin(), sources.end(),
            [](const Key& a, const Key& b) { return a.SetSize() < b.SetSize(); });
  sources.front().SetForEach([&](std::string_view member) {
    if (result.size() >= limit) return;
    const bool common = std::all_of(sources.begin() + 1, sources.end(),
                                    [&](const Key& source) { return source.SetContains(member); });
    if (common) result.emplace_back(member);
  });
  return result;
}

std::vector<std::string> Union(const std::vector<Key>& sources) {
  std::vector<std::string> result;
  std::unordered_set<std::string> seen;
  for (const Key& source : sources) {
    if (!source.exists()) continue;
    source.SetForEach([&](std::string_view member) {
      if (seen.emplace(member).second) result.emplace_back(member);
    });
  }
  return result;
}

std::vector<std::string> Difference(const std::vector<Key>& sources) {
  std::vector<std::string> result;
  if (!sources.front().exists()) return result;
  sources.front().SetForEach([&](std::string_view member) {
    const bool elsewhere = std::any_of(sources.begin() + 1, sources.end(), [&](const Key& source) {
      return source.exists() && source.SetContains(member);
    });
    if (!elsewhere) result.emplace_back(member);
  });
  return result;
}

enum class Algebra : uint8_t { kInter, kUnion, kDiff };

std::vector<std::string> Compute(Algebra algebra, const std::vector<Key>& sources) {
  switch (algebra) {
    case Algebra::kInter:
      return Intersection(sources, std::numeric_limits<size_t>::max());
    case Algebra::kUnion:
      return Union(sources);
    case Algebra::kDiff:
      break;
  }
  return Difference(sources);
}

template <Algebra kAlgebra>
void Combine(View& view, Args args, ReplyWriter& reply) {
  std::vector<Key> sources;
  if (!OpenSources(view, args.subspan(1), sources, reply)) return;
  const auto members = Compute(kAlgebra, sources);
  reply.Set(members.size());
  ReplyMembers(members, reply);
}

template <Algebra kAlgebra, Event kEvent>
void CombineAndStore(View& view, Args args, ReplyWriter& reply) {
  std::vector<Key> sources;
  if (!OpenSources(view, args.subspan(2), sources, reply)) return;
  const auto members = Compute(kAlgebra, sources);
  Key target = view.OpenWrite(args[1]);
  if (members.empty()) {
    if (target.exists()) {
      target.Erase();
      view.Note(Event::kDel, target);
    }
    return reply.Integer(0);
  }
  target.ResetToSet();
  for (const std::string& member : members) target.SetAdd(member);
  view.Note(kEvent, target);
  reply.Integer(Count(members.size()));
}

void SInterCard(View& view, Args args, ReplyWriter& reply) {
  const auto count = ParseInt64(args[1]);
  if (!count || *count <= 0) return reply.Error("ERR numkeys should be greater than 0");
  if (*count > Count(args.size() - 2)) {
    return reply.Error("ERR Number of keys can't be greater than number of args");
  }
  size_t limit = std::numeric_limits<size_t>::max();
  for (size_t i = 2 + static_cast<size_t>(*count); i < args.size(); ++i) {
    if (!EqualsIgnoreCase(args[i], "limit") || i + 1 == args.size()) {
      return reply.Error(kSyntaxError);
    }
    const auto wanted = ParseInt64(args[++i]);
    if (!wanted || *wanted < 0) return reply.Error("ERR LIMIT can't be negative");
    if (*wanted > 0) limit = static_cast<size_t>(*wanted);
  }
  std::vector<Key> sources;
  if (!OpenSources(view, args.subspan(2, static_cast<size_t>(*count)), sources, reply)) return;
  reply.Integer(Count(Intersection(sources, limit).size()));
}

// clang-format off
constexpr auto kSetCommands = std::to_array<Command>({
    {.name = "sadd", .arity = -3, .flags = kWrite | kDenyOom | kFast, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRW, kKeyInsert, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kRest,
     .data = SAdd, .summary = "Adds members to a set.", .since = "1.0.0", .group = "set"},
    {.name = "scard", .arity = 2, .flags = kReadonly | kFast, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, 0, 1), .reads = ReadScope::kRow, .data = SCard,
     .summary = "Counts the members of a set.", .since = "1.0.0", .group = "set"},
    {.name = "sdiff", .arity = -2, .flags = kReadonly, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, -1, 1), .reads = ReadScope::kKey,
     .data = Combine<Algebra::kDiff>,
     .summary = "Gives what the first set has and the others have not.",
     .since = "1.0.0", .group = "set", .tips = "nondeterministic_output_order"},
    {.name = "sdiffstore", .arity = -3, .flags = kWrite | kDenyOom, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kOW, kKeyUpdate, 1, 0, 1),
     .keys2 = RangeKeys(KeySpec::kRO, kKeyAccess, 2, -1, 1), .reads = ReadScope::kKey,
     .data = CombineAndStore<Algebra::kDiff, Event::kSDiffStore>,
     .summary = "Stores the difference of sets.", .since = "1.0.0",
     .group = "set"},
    {.name = "sinter", .arity = -2, .flags = kReadonly, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, -1, 1), .reads = ReadScope::kKey,
     .data = Combine<Algebra::kInter>,
     .summary = "Gives what all sets have in common.", .since = "1.0.0",
     .group = "set", .tips = "nondeterministic_output_order"},
    {.name = "sintercard", .arity = -3, .flags = kReadonly | kMovableKeys, .acl = kAclSet,
     .keys = CountedKeys(KeySpec::kRO, kKeyAccess, 1), .reads = ReadScope::kKey,
     .data = SInterCard, .summary = "Counts what all sets have in common.", .since = "7.0.0",
     .group = "set"},
    {.name = "sinterstore", .arity = -3, .flags = kWrite | kDenyOom, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1),
     .keys2 = RangeKeys(KeySpec::kRO, kKeyAccess, 2, -1, 1), .reads = ReadScope::kKey,
     .data = CombineAndStore<Algebra::kInter, Event::kSInterStore>,
     .summary = "Stores the intersection of sets.", .since = "1.0.0",
     .group = "set"},
    {.name = "sismember", .arity = 3, .flags = kReadonly | kFast, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kLast, .data = SIsMember,
     .summary = "Tells whether a set has a member.", .since = "1.0.0", .group = "set"},
    {.name = "smembers", .arity = 2, .flags = kReadonly, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey,
     .data = SMembers, .summary = "Gives all members of a set.", .since = "1.0.0", .group = "set",
     .tips = "nondeterministic_output_order"},
    {.name = "smismember", .arity = -3, .flags = kReadonly | kFast, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kRest, .data = SMIsMember,
     .summary = "Tells which of several members a set has.", .since = "6.2.0", .group = "set"},
    {.name = "smove", .arity = 4, .flags = kWrite | kFast, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyDelete, 1, 0, 1),
     .keys2 = RangeKeys(KeySpec::kRW, kKeyInsert, 2, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kLast, .data = SMove,
     .summary = "Moves a member from one set to another.", .since = "1.0.0", .group = "set",
     .complexity = "O(1)"},
    {.name = "spop", .arity = -2, .flags = kWrite | kFast, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyDelete, 1, 0, 1), .reads = ReadScope::kKey,
     .data = SPop, .summary = "Removes and gives members chosen at random.", .since = "1.0.0",
     .group = "set", .tips = "nondeterministic_output"},
    {.name = "srandmember", .arity = -2, .flags = kReadonly, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey,
     .data = SRandMember, .summary = "Gives members chosen at random.", .since = "1.0.0",
     .group = "set", .tips = "nondeterministic_output"},
    {.name = "srem", .arity = -3, .flags = kWrite | kFast, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRW, kKeyDelete, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kRest,
     .data = SRem, .summary = "Removes members of a set.", .since = "1.0.0", .group = "set"},
    {.name = "sscan", .arity = -3, .flags = kReadonly, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kScan, .data = SScan,
     .summary = "Walks over a set in steps.", .since = "2.8.0", .group = "set",
     .tips = "nondeterministic_output"},
    {.name = "sunion", .arity = -2, .flags = kReadonly, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, -1, 1), .reads = ReadScope::kKey,
     .data = Combine<Algebra::kUnion>, .summary = "Gives what any of the sets has.",
     .since = "1.0.0", .group = "set", .tips = "nondeterministic_output_order"},
    {.name = "sunionstore", .arity = -3, .flags = kWrite | kDenyOom, .acl = kAclSet,
     .keys = RangeKeys(KeySpec::kOW, kKeyUpdate, 1, 0, 1),
     .keys2 = RangeKeys(KeySpec::kRO, kKeyAccess, 2, -1, 1), .reads = ReadScope::kKey,
     .data = CombineAndStore<Algebra::kUnion, Event::kSUnionStore>,
     .summary = "Stores the union of sets.", .since = "1.0.0", .group = "set"},
});
// clang-format on

}  // namespace

std::span<const Command> SetCommands() { return kSetCommands; }

}  // namespace tideway::resp
