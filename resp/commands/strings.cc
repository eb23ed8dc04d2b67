// Strings: SET and GET in all their forms, numbers, and parts of strings.
#include <array>
#include <cmath>
#include <limits>

#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/command/set_options.h"
#include "resp/commands/blind_writes.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

using backend::Event;
using backend::ExpiryChange;
using backend::Key;
using backend::ReadScope;
using backend::ValueType;
using backend::View;

// Stores a string, with the events of SET.
void Store(View& view, Key& key, std::string_view value, ExpiryChange expiry) {
  key.SetString(value, expiry);
  view.Note(Event::kSet, key);
  if (expiry.kind == ExpiryChange::Kind::kAt) view.Note(Event::kExpire, key);
}

// Answers the string or nil; false when the key is of another type.
bool ReplyString(const Key& key, ReplyWriter& reply) {
  if (IsWrongType(key, ValueType::kString, reply)) return false;
  key.exists() ? reply.Bulk(key.String()) : reply.Null();
  return true;
}

void Set(View& view, Args args, ReplyWriter& reply) {
  SetOptions options;
  if (!ParseSetOptions(args, 3, OptionsOf::kSet, options)) return reply.Error(kSyntaxError);
  ExpiryChange expiry = options.keep_ttl ? ExpiryChange::Keep() : ExpiryChange::Clear();
  if (options.has_expiry) {
    const auto at = ExpiryOrReply(options.expiry, view.now_ms(), "set", reply);
    if (!at) return;
    expiry = ExpiryChange::At(*at);
  }
  Key key = options.get ? view.OpenRead(args[1]) : view.OpenWrite(args[1]);
  if (options.get && (!ReplyString(key, reply) || reply.overflowed())) return;
  if ((options.nx && key.exists()) || (options.xx && !key.exists())) {
    if (!options.get) reply.Null();
    return;
  }
  Store(view, key, args[2], expiry);
  if (!options.get) reply.Ok();
}

void SetNx(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (key.exists()) return reply.Integer(0);
  Store(view, key, args[2], ExpiryChange::Clear());
  reply.Integer(1);
}

void SetWithExpiry(View& view, Args args, bool seconds, std::string_view name, ReplyWriter& reply) {
  const auto at = ExpiryOrReply({args[2], seconds, false}, view.now_ms(), name, reply);
  if (!at) return;
  Key key = view.OpenWrite(args[1]);
  Store(view, key, args[3], ExpiryChange::At(*at));
  reply.Ok();
}

void SetEx(View& view, Args args, ReplyWriter& reply) {
  SetWithExpiry(view, args, true, "setex", reply);
}

void PSetEx(View& view, Args args, ReplyWriter& reply) {
  SetWithExpiry(view, args, false, "psetex", reply);
}

void Get(View& view, Args args, ReplyWriter& reply) { ReplyString(view.OpenRead(args[1]), reply); }

void GetSet(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenRead(args[1]);
  if (!ReplyString(key, reply) || reply.overflowed()) return;
  Store(view, key, args[2], ExpiryChange::Clear());
}

void GetDel(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenRead(args[1]);
  if (!ReplyString(key, reply) || !key.exists() || reply.overflowed()) return;
  key.Erase();
  view.Note(Event::kDel, key);
}

void GetEx(View& view, Args args, ReplyWriter& reply) {
  SetOptions options;
  if (!ParseSetOptions(args, 2, OptionsOf::kGetEx, options)) return reply.Error(kSyntaxError);
  Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Null();
  if (IsWrongType(key, ValueType::kString, reply)) return;
  std::optional<int64_t> at;
  if (options.has_expiry) {
    at = ExpiryOrReply(options.expiry, view.now_ms(), "getex", reply);
    if (!at) return;
  }
  reply.Bulk(key.String());
  if (reply.overflowed()) return;
  if (at && options.expiry.absolute && *at <= view.now_ms()) {
    key.Erase();
    view.Note(Event::kDel, key);
  } else if (at) {
    key.SetExpiry(*at);
    view.Note(Event::kExpire, key);
  } else if (options.persist && key.ClearExpiry()) {
    view.Note(Event::kPersist, key);
  }
}

void MGet(View& view, Args args, ReplyWriter& reply) {
  reply.Array(args.size() - 1);
  for (const std::string_view name : args.subspan(1)) {
    const Key key = view.OpenRead(name);
    key.exists() && key.type() == ValueType::kString ? reply.Bulk(key.String()) : reply.Null();
  }
}

void StoreAll(View& view, Args args) {
  for (size_t i = 1; i + 1 < args.size(); i += 2) {
    Key key = view.OpenWrite(args[i]);
    Store(view, key, args[i + 1], ExpiryChange::Clear());
  }
}

void MSet(View& view, Args args, ReplyWriter& reply) {
  if (args.size() % 2 == 0) return reply.Error(ArityError("mset"));
  StoreAll(view, args);
  reply.Ok();
}

void MSetNx(View& view, Args args, ReplyWriter& reply) {
  if (args.size() % 2 == 0) return reply.Error(ArityError("msetnx"));
  for (size_t i = 1; i < args.size(); i += 2) {
    if (view.OpenWrite(args[i]).exists()) return reply.Integer(0);
  }
  StoreAll(view, args);
  reply.Integer(1);
}

void Append(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kString, reply)) return;
  if (!key.exists()) {
    key.SetString(args[2], ExpiryChange::Clear());
  } else {
    const size_t length = key.String().size();
    if (length + args[2].size() > view.string_bytes_max()) return reply.Error(kStringTooLongError);
    key.SpliceString(length, args[2]);
  }
  view.Note(Event::kAppend, key);
  reply.Integer(static_cast<int64_t>(key.String().size()));
}

void StrLen(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  if (IsWrongType(key, ValueType::kString, reply)) return;
  reply.Integer(key.exists() ? static_cast<int64_t>(key.String().size()) : 0);
}

void GetRange(View& view, Args args, ReplyWriter& reply) {
  const auto first = IntegerOrReply(args[2], reply);
  if (!first) return;
  const auto last = IntegerOrReply(args[3], reply);
  if (!last) return;
  const Key key = view.OpenRead(args[1]);
  if (!key.exists()) return reply.Bulk("");
  if (IsWrongType(key, ValueType::kString, reply)) return;
  const std::string_view value = key.String();
  const auto length = static_cast<int64_t>(value.size());
  if (*first < 0 && *last < 0 && *first > *last) return reply.Bulk("");
  const int64_t begin = std::max<int64_t>(*first < 0 ? length + *first : *first, 0);
  const int64_t end =
      std::min(std::max<int64_t>(*last < 0 ? length + *last : *last, 0), length - 1);
  if (begin > end || length == 0) return reply.Bulk("");
  reply.Bulk(value.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin + 1)));
}

void SetRange(View& view, Args args, ReplyWriter& reply) {
  const auto offset = IntegerOrReply(args[2], reply);
  if (!offset) return;
  if (*offset < 0) return reply.Error("ERR offset is out of range");
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kString, reply)) return;
  const std::string_view bytes = args[3];
  if (bytes.empty()) {
    return reply.Integer(key.exists() ? static_cast<int64_t>(key.String().size()) : 0);
  }
  if (static_cast<uint64_t>(*offset) + bytes.size() > view.string_bytes_max()) {
    return reply.Error(kStringTooLongError);
  }
  key.SpliceString(static_cast<size_t>(*offset), bytes);
  view.Note(Event::kSetRange, key);
  reply.Integer(static_cast<int64_t>(key.String().size()));
}

void AddTo(View& view, std::string_view name, int64_t increment, ReplyWriter& reply) {
  Key key = view.OpenWrite(name);
  if (IsWrongType(key, ValueType::kString, reply)) return;
  int64_t value = 0;
  if (key.exists()) {
    const auto old = IntegerOrReply(key.String(), reply);
    if (!old) return;
    value = *old;
  }
  const auto sum = CheckedAdd(value, increment);
  if (!sum) return reply.Error("ERR increment or decrement would overflow");
  char text[kInt64TextMax];
  char* const end = FormatInt64(*sum, text);
  key.SetString({text, static_cast<size_t>(end - text)}, ExpiryChange::Keep());
  view.Note(Event::kIncrBy, key);
  reply.Integer(*sum);
}

void Incr(View& view, Args args, ReplyWriter& reply) { AddTo(view, args[1], 1, reply); }

void Decr(View& view, Args args, ReplyWriter& reply) { AddTo(view, args[1], -1, reply); }

void IncrBy(View& view, Args args, ReplyWriter& reply) {
  if (const auto increment = IntegerOrReply(args[2], reply))
    AddTo(view, args[1], *increment, reply);
}

void DecrBy(View& view, Args args, ReplyWriter& reply) {
  const auto decrement = IntegerOrReply(args[2], reply);
  if (!decrement) return;
  if (*decrement == std::numeric_limits<int64_t>::min()) {
    return reply.Error("ERR decrement would overflow");
  }
  AddTo(view, args[1], -*decrement, reply);
}

void IncrByFloat(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (IsWrongType(key, ValueType::kString, reply)) return;
  std::optional<long double> value = 0;
  if (key.exists()) value = ParseLongDouble(key.String());
  const auto increment = value ? ParseLongDouble(args[2]) : std::nullopt;
  if (!value || !increment) return reply.Error(kNotFloatError);
  const long double sum = *value + *increment;
  if (std::isnan(sum) || std::isinf(sum)) {
    return reply.Error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = FormatLongDoubleHuman(sum);
  key.SetString(text, ExpiryChange::Keep());
  key.MarkAsText();
  view.Note(Event::kIncrByFloat, key);
  reply.Bulk(text);
}

// clang-format off
constexpr auto kStringCommands = std::to_array<Command>({
    {.name = "append", .arity = 3, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyInsert, 1, 0, 1), .reads = ReadScope::kKey,
     .data = Append, .summary = "Adds bytes to the end of a string, creating the key if needed.",
     .since = "2.0.0", .group = "string"},
    {.name = "decr", .arity = 2, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = Decr, .summary = "Subtracts one from a number.", .since = "1.0.0", .group = "string"},
    {.name = "decrby", .arity = 3, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = DecrBy, .summary = "Subtracts from a number.", .since = "1.0.0", .group = "string"},
    {.name = "get", .arity = 2, .flags = kReadonly | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey, .data = Get,
     .summary = "Gives the string stored at a key.", .since = "1.0.0", .group = "string"},
    {.name = "getdel", .arity = 2, .flags = kWrite | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyDelete, 1, 0, 1), .reads = ReadScope::kKey,
     .data = GetDel, .summary = "Gives a string and removes its key.", .since = "6.2.0",
     .group = "string", .complexity = "O(1)"},
    {.name = "getex", .arity = -2, .flags = kWrite | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = GetEx, .summary = "Gives a string and changes its expiry.", .since = "6.2.0",
     .group = "string", .complexity = "O(1)"},
    {.name = "getrange", .arity = 4, .flags = kReadonly, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey,
     .data = GetRange, .summary = "Gives a part of a string.", .since = "2.4.0",
     .group = "string"},
    {.name = "getset", .arity = 3, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = GetSet, .summary = "Stores a string and gives the old one.", .since = "1.0.0",
     .group = "string", .complexity = "O(1)", .deprecated = "6.2.0|`SET` with the `GET` option"},
    {.name = "incr", .arity = 2, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = Incr, .summary = "Adds one to a number.", .since = "1.0.0", .group = "string"},
    {.name = "incrby", .arity = 3, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = IncrBy, .summary = "Adds to a number.", .since = "1.0.0", .group = "string"},
    {.name = "incrbyfloat", .arity = 3, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = IncrByFloat, .summary = "Adds to a floating-point number.", .since = "2.6.0",
     .group = "string", .complexity = "O(1)"},
    {.name = "mget", .arity = -2, .flags = kReadonly | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, -1, 1), .reads = ReadScope::kKey, .data = MGet,
     .summary = "Gives the strings of several keys.", .since = "1.0.0", .group = "string",
     .tips = "request_policy:multi_shard"},
    {.name = "mset", .arity = -3, .flags = kWrite | kDenyOom, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kOW, kKeyUpdate, 1, -1, 2),
     .reads = ReadScope::kRow, .data = MSet, .blind = BlindMSet,
     .summary = "Stores several strings.", .since = "1.0.1", .group = "string",
     .tips = "request_policy:multi_shard,response_policy:all_succeeded"},
    {.name = "msetnx", .arity = -3, .flags = kWrite | kDenyOom, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kOW, kKeyInsert, 1, -1, 2), .reads = ReadScope::kRow,
     .data = MSetNx, .summary = "Stores several strings, if none of the keys exists.",
     .since = "1.0.1", .group = "string",
     .tips = "request_policy:multi_shard,response_policy:agg_min"},
    {.name = "psetex", .arity = 4, .flags = kWrite | kDenyOom, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kOW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kRow,
     .data = PSetEx, .blind = BlindPSetEx,
     .summary = "Stores a string that expires in milliseconds.", .since = "2.6.0",
     .group = "string", .complexity = "O(1)"},
    {.name = "set", .arity = -3, .flags = kWrite | kDenyOom, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate | kKeyVariableFlags, 1, 0, 1),
     .reads = ReadScope::kKey, .data = Set, .blind = BlindSet,
     .summary = "Stores a string, with conditions and expiry.", .since = "1.0.0",
     .group = "string", .complexity = "O(1)"},
    {.name = "setex", .arity = 4, .flags = kWrite | kDenyOom, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kOW, kKeyUpdate, 1, 0, 1),
     .reads = ReadScope::kRow, .data = SetEx, .blind = BlindSetEx,
     .summary = "Stores a string that expires in seconds.", .since = "2.0.0", .group = "string"},
    {.name = "setnx", .arity = 3, .flags = kWrite | kDenyOom | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kOW, kKeyInsert, 1, 0, 1),
     .reads = ReadScope::kRow, .data = SetNx, .blind = BlindSetNx,
     .summary = "Stores a string if the key does not exist.", .since = "1.0.0", .group = "string"},
    {.name = "setrange", .arity = 4, .flags = kWrite | kDenyOom, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = SetRange, .summary = "Overwrites a part of a string.", .since = "2.2.0",
     .group = "string"},
    {.name = "strlen", .arity = 2, .flags = kReadonly | kFast, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, 0, 1), .reads = ReadScope::kKey, .data = StrLen,
     .summary = "Gives the length of a string.", .since = "2.2.0", .group = "string"},
    {.name = "substr", .arity = 4, .flags = kReadonly, .acl = kAclString,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey,
     .data = GetRange, .summary = "Gives a part of a string.", .since = "1.0.0", .group = "string",
     .deprecated = "2.0.0|`GETRANGE`"},
});
// clang-format on

}  // namespace

std::span<const Command> StringCommands() { return kStringCommands; }

}  // namespace tideway::resp
