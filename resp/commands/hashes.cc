// Hashes: fields with values under one key.
#include <array>
#include <cmath>
#include <limits>

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

// --- writing

int64_t SetFields(View& view, Key& key, Args args) {
  int64_t added = 0;
  for (size_t i = 2; i + 1 < args.size(); i += 2) added += key.HashSet(args[i], args[i + 1]);
  view.Note(Event::kHSet, key);
  return added;
}

void HSet(View& view, Args args, ReplyWriter& reply) {
  if (args.size() % 2 != 0) return reply.Error(ArityError("hset"));
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  reply.Integer(SetFields(view, key, args));
}

void HMSet(View& view, Args args, ReplyWriter& reply) {
  if (args.size() % 2 != 0) return reply.Error(ArityError("hmset"));
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  SetFields(view, key, args);
  reply.Ok();
}

void HSetNx(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  if (key.exists() && key.HashGet(args[2])) return reply.Integer(0);
  SetFields(view, key, args);
  reply.Integer(1);
}

void HIncrBy(View& view, Args args, ReplyWriter& reply) {
  const auto increment = IntegerOrReply(args[3], reply);
  if (!increment) return;
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  int64_t value = 0;
  if (const auto old = key.exists() ? key.HashGet(args[2]) : std::nullopt) {
    const auto number = ParseInt64(*old);
    if (!number) return reply.Error("ERR hash value is not an integer");
    value = *number;
  }
  const auto sum = CheckedAdd(value, *increment);
  if (!sum) return reply.Error("ERR increment or decrement would overflow");
  char text[kInt64TextMax];
  char* const end = FormatInt64(*sum, text);
  key.HashSet(args[2], {text, static_cast<size_t>(end - text)});
  view.Note(Event::kHIncrBy, key);
  reply.Integer(*sum);
}

void HIncrByFloat(View& view, Args args, ReplyWriter& reply) {
  const auto increment = ParseLongDouble(args[3]);
  if (!increment) return reply.Error(kNotFloatError);
  if (std::isinf(*increment)) return reply.Error("ERR value is NaN or Infinity");
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  std::optional<long double> value = 0;
  if (const auto old = key.exists() ? key.HashGet(args[2]) : std::nullopt) {
    value = ParseLongDouble(*old);
    if (!value) return reply.Error("ERR hash value is not a float");
  }
  const long double sum = *value + *increment;
  if (std::isnan(sum) || std::isinf(sum)) {
    return reply.Error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = FormatLongDoubleHuman(sum);
  key.HashSet(args[2], text);
  view.Note(Event::kHIncrByFloat, key);
  reply.Bulk(text);
}

void HDel(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (!key.exists()) return reply.Integer(0);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  int64_t erased = 0;
  for (const std::string_view field : args.subspan(2)) {
    if (!key.HashErase(field)) continue;
    ++erased;
    if (key.HashSize() == 0) break;
  }
  if (erased > 0) {
    view.Note(Event::kHDel, key);
    if (key.EraseIfEmpty()) view.Note(Event::kDel, key);
  }
  reply.Integer(erased);
}

// --- reading

void HGet(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Null();
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  const auto value = key.HashGet(args[2]);
  value ? reply.Bulk(*value) : reply.Null();
}

void HMGet(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  reply.Array(args.size() - 2);
  for (const std::string_view field : args.subspan(2)) {
    const auto value = key.exists() ? key.HashGet(field) : std::nullopt;
    value ? reply.Bulk(*value) : reply.Null();
  }
}

void HExists(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Integer(0);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  reply.Integer(key.HashGet(args[2]) ? 1 : 0);
}

void HLen(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  reply.Integer(key.exists() ? Count(key.HashSize()) : 0);
}

void HStrLen(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Integer(0);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  const auto value = key.HashGet(args[2]);
  reply.Integer(value ? Count(value->size()) : 0);
}

void HGetAll(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Map(0);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  reply.Map(key.HashSize());
  key.HashForEach([&](std::string_view field, std::string_view value) {
    reply.Bulk(field);
    reply.Bulk(value);
  });
}

void HKeys(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Array(0);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  reply.Array(key.HashSize());
  key.HashForEach([&](std::string_view field, std::string_view) { reply.Bulk(field); });
}

void HVals(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Array(0);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  reply.Array(key.HashSize());
  key.HashForEach([&](std::string_view, std::string_view value) { reply.Bulk(value); });
}

void HScan(View& view, Args args, ReplyWriter& reply) {
  // In Redis's order: the cursor is checked first, the options only for a key that exists.
  if (!ParseCursor(args[2])) return reply.Error(kInvalidCursorError);
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  if (!key.exists()) {
    reply.Array(2);
    reply.Bulk("0");
    return reply.Array(0);
  }
  const auto options = ScanOptionsOrReply(args, 2, false, reply);
  if (!options) return;
  std::vector<std::pair<std::string, std::string>> found;
  const uint64_t next =
      key.HashScan(options->cursor, options->count, [&](std::string_view f, std::string_view v) {
        if (options->Matches(f)) found.emplace_back(f, v);
      });
  reply.Array(2);
  reply.Bulk(std::to_string(next));
  reply.Array(found.size() * 2);
  for (const auto& [field, value] : found) {
    reply.Bulk(field);
    reply.Bulk(value);
  }
}

// --- HRANDFIELD

void ReplyFieldHeader(size_t fields, bool with_values, ReplyWriter& reply) {
  reply.Array(with_values && !reply.resp3() ? fields * 2 : fields);
}

void ReplyField(std::string_view field, std::string_view value, bool with_values,
                ReplyWriter& reply) {
  if (with_values && reply.resp3()) reply.Array(2);
  reply.Bulk(field);
  if (with_values) reply.Bulk(value);
}

void ReplyRandomFields(View& view, const Key& key, int64_t count, bool with_values,
                       ReplyWriter& reply) {
  const size_t size = key.HashSize();
  if (count < 0) {
    const auto wanted = static_cast<uint64_t>(-count);
    if (!reply.HasRoomFor(wanted, ReplyWriter::kBulkBytesMin * (with_values ? 2 : 1))) return;
    ReplyFieldHeader(wanted, with_values, reply);
    for (uint64_t i = 0; i < wanted && !reply.overflowed(); ++i) {
      const auto [field, value] = key.HashRandom(view.Random());
      ReplyField(field, value, with_values, reply);
    }
    return;
  }
  if (static_cast<uint64_t>(count) >= size) {
    ReplyFieldHeader(size, with_values, reply);
    key.HashForEach([&](std::string_view field, std::string_view value) {
      ReplyField(field, value, with_values, reply);
    });
    return;
  }
  const auto all = [&] {
    std::vector<std::string> fields;
    key.HashForEach([&](std::string_view field, std::string_view) { fields.emplace_back(field); });
    return fields;
  };
  const auto random = [&](uint64_t number) { return std::string(key.HashRandom(number).first); };
  const auto fields = SampleDistinct(view, size, static_cast<size_t>(count), all, random);
  ReplyFieldHeader(fields.size(), with_values, reply);
  for (const std::string& field : fields) {
    ReplyField(field, with_values ? *key.HashGet(field) : std::string_view(), with_values, reply);
  }
}

void HRandField(View& view, Args args, ReplyWriter& reply) {
  if (args.size() == 2) {
    const Key key = view.OpenRead(args[1]);
    if (!key.exists()) return reply.Null();
    if (IsWrongType(key, ValueType::kHash, reply)) return;
    return reply.Bulk(key.HashRandom(view.Random()).first);
  }
  const auto count = SampleCountOrReply(args[2], reply);
  if (!count) return;
  const bool with_values = args.size() == 4 && EqualsIgnoreCase(args[3], "withvalues");
  if (args.size() > 4 || (args.size() == 4 && !with_values)) return reply.Error(kSyntaxError);
  constexpr int64_t kHalf = std::numeric_limits<int64_t>::max() / 2;
  if (with_values && (*count < -kHalf || *count > kHalf)) {
    return reply.Error("ERR value is out of range");
  }
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kHash, reply)) return;
  if (!key.exists() || *count == 0) return reply.Array(0);
  ReplyRandomFields(view, key, *count, with_values, reply);
}

// clang-format off
constexpr auto kHashCommands = std::to_array<Command>({
    {.name = "hdel", .arity = -3, .flags = kWrite | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRW, kKeyDelete, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kRest,
     .data = HDel, .summary = "Removes fields of a hash.", .since = "2.0.0", .group = "hash"},
    {.name = "hexists", .arity = 3, .flags = kReadonly | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kLast, .data = HExists,
     .summary = "Tells whether a hash has a field.", .since = "2.0.0", .group = "hash",
     .complexity = "O(1)"},
    {.name = "hget", .arity = 3, .flags = kReadonly | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kLast,
     .data = HGet, .summary = "Gives a field's value.", .since = "2.0.0", .group = "hash",
     .complexity = "O(1)"},
    {.name = "hgetall", .arity = 2, .flags = kReadonly, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey,
     .data = HGetAll, .summary = "Gives all fields and values of a hash.", .since = "2.0.0",
     .group = "hash", .tips = "nondeterministic_output_order"},
    {.name = "hincrby", .arity = 4, .flags = kWrite | kDenyOom | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1),
     .reads = ReadScope::kMembers, .members = MembersAt::kThird, .data = HIncrBy,
     .summary = "Adds to the number in a field.",
     .since = "2.0.0", .group = "hash", .complexity = "O(1)"},
    {.name = "hincrbyfloat", .arity = 4, .flags = kWrite | kDenyOom | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1),
     .reads = ReadScope::kMembers, .members = MembersAt::kThird, .data = HIncrByFloat,
     .summary = "Adds to the floating-point number in a field.", .since = "2.6.0", .group = "hash",
     .complexity = "O(1)"},
    {.name = "hkeys", .arity = 2, .flags = kReadonly, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey, .data = HKeys,
     .summary = "Gives the fields of a hash.", .since = "2.0.0", .group = "hash",
     .tips = "nondeterministic_output_order"},
    {.name = "hlen", .arity = 2, .flags = kReadonly | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, 0, 1), .reads = ReadScope::kRow, .data = HLen,
     .summary = "Counts the fields of a hash.", .since = "2.0.0", .group = "hash",
     .complexity = "O(1)"},
    {.name = "hmget", .arity = -3, .flags = kReadonly | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kRest,
     .data = HMGet, .summary = "Gives the values of several fields.", .since = "2.0.0",
     .group = "hash"},
    {.name = "hmset", .arity = -4, .flags = kWrite | kDenyOom | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kPairs,
     .data = HMSet, .summary = "Sets several fields.", .since = "2.0.0", .group = "hash",
     .deprecated = "4.0.0|`HSET` with multiple field-value pairs"},
    {.name = "hrandfield", .arity = -2, .flags = kReadonly, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey,
     .data = HRandField, .summary = "Gives fields chosen at random.", .since = "6.2.0",
     .group = "hash", .tips = "nondeterministic_output"},
    {.name = "hscan", .arity = -3, .flags = kReadonly, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kScan, .data = HScan,
     .summary = "Walks over a hash in steps.", .since = "2.8.0", .group = "hash",
     .tips = "nondeterministic_output"},
    {.name = "hset", .arity = -4, .flags = kWrite | kDenyOom | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kPairs,
     .data = HSet, .summary = "Sets fields, creating the hash if needed.", .since = "2.0.0",
     .group = "hash"},
    {.name = "hsetnx", .arity = 4, .flags = kWrite | kDenyOom | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRW, kKeyInsert, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kThird,
     .data = HSetNx, .summary = "Sets a field that does not exist yet.", .since = "2.0.0",
     .group = "hash", .complexity = "O(1)"},
    {.name = "hstrlen", .arity = 3, .flags = kReadonly | kFast, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, 0, 1), .reads = ReadScope::kMembers,
     .members = MembersAt::kLast, .data = HStrLen,
     .summary = "Gives the length of a field's value.", .since = "3.2.0", .group = "hash",
     .complexity = "O(1)"},
    {.name = "hvals", .arity = 2, .flags = kReadonly, .acl = kAclHash,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey, .data = HVals,
     .summary = "Gives the values of a hash.", .since = "2.0.0", .group = "hash",
     .tips = "nondeterministic_output_order"},
});
// clang-format on

}  // namespace

std::span<const Command> HashCommands() { return kHashCommands; }

}  // namespace tideway::resp
