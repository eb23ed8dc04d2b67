// Keys of any type: removing, looking at, renaming, copying and moving them.
#include <array>
#include <limits>

#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/command/help.h"
#include "resp/commands/blind_writes.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

using backend::Event;
using backend::Key;
using backend::ReadScope;
using backend::View;

constexpr std::string_view kSameObjectError = "ERR source and destination objects are the same";

void Del(View& view, Args args, ReplyWriter& reply) {
  int64_t removed = 0;
  for (const std::string_view name : args.subspan(1)) {
    Key key = view.OpenWrite(name);
    if (!key.exists()) continue;
    key.Erase();
    view.Note(Event::kDel, key);
    ++removed;
  }
  reply.Integer(removed);
}

void Exists(View& view, Args args, ReplyWriter& reply) {
  int64_t found = 0;
  for (const std::string_view name : args.subspan(1)) {
    found += view.OpenReadNoTouch(name).exists() ? 1 : 0;
  }
  reply.Integer(found);
}

void Touch(View& view, Args args, ReplyWriter& reply) {
  int64_t found = 0;
  for (const std::string_view name : args.subspan(1)) found += view.OpenRead(name).exists() ? 1 : 0;
  reply.Integer(found);
}

void Type(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenReadNoTouch(args[1]);
  reply.Simple(TypeName(key.exists() ? key.type() : backend::ValueType::kNone));
}

// --- RENAME, COPY, MOVE

void RenameTo(View& view, Args args, bool only_if_free, ReplyWriter& reply) {
  Key source = view.OpenWrite(args[1]);
  if (!source.exists()) return reply.Error(kNoSuchKeyError);
  const auto answer = [&](bool renamed) {
    only_if_free ? reply.Integer(renamed ? 1 : 0) : reply.Ok();
  };
  if (args[1] == args[2]) return answer(false);
  Key target = view.OpenWrite(args[2]);
  if (only_if_free && target.exists()) return answer(false);
  source.MoveTo(target);
  view.Note(Event::kRenameFrom, source);
  view.Note(Event::kRenameTo, target);
  answer(true);
}

void Rename(View& view, Args args, ReplyWriter& reply) { RenameTo(view, args, false, reply); }

void RenameNx(View& view, Args args, ReplyWriter& reply) { RenameTo(view, args, true, reply); }

// The number of a database, or nullopt after answering.
std::optional<uint32_t> DatabaseOrReply(const View& view, std::string_view text,
                                        ReplyWriter& reply) {
  const auto number = Int32OrReply(text, reply);
  if (!number) return std::nullopt;
  if (*number < 0 || static_cast<uint32_t>(*number) >= view.database_count()) {
    reply.Error(kInvalidDbError);
    return std::nullopt;
  }
  return static_cast<uint32_t>(*number);
}

void Copy(View& view, Args args, ReplyWriter& reply) {
  uint32_t db = view.db();
  bool replace = false;
  for (size_t i = 3; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "replace")) {
      replace = true;
    } else if (EqualsIgnoreCase(args[i], "db") && i + 1 < args.size()) {
      const auto number = DatabaseOrReply(view, args[++i], reply);
      if (!number) return;
      db = *number;
    } else {
      return reply.Error(kSyntaxError);
    }
  }
  if (db == view.db() && args[1] == args[2]) return reply.Error(kSameObjectError);
  const Key source = view.OpenRead(args[1]);
  if (!source.exists()) return reply.Integer(0);
  Key target = view.OpenWriteIn(db, args[2]);
  if (target.exists() && !replace) return reply.Integer(0);
  source.CopyTo(target);
  view.Note(Event::kCopyTo, target);
  reply.Integer(1);
}

void Move(View& view, Args args, ReplyWriter& reply) {
  const auto db = DatabaseOrReply(view, args[2], reply);
  if (!db) return;
  if (*db == view.db()) return reply.Error(kSameObjectError);
  Key source = view.OpenWrite(args[1]);
  if (!source.exists()) return reply.Integer(0);
  Key target = view.OpenWriteIn(*db, args[1]);
  if (target.exists()) return reply.Integer(0);
  source.MoveTo(target);
  view.Note(Event::kMoveFrom, source);
  view.Note(Event::kMoveTo, target);
  reply.Integer(1);
}

// --- OBJECT

void ObjectEncoding(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.Peek(args[2]);
  key.exists() ? reply.Bulk(key.EncodingName()) : reply.Null();
}

void ObjectRefcount(View& view, Args args, ReplyWriter& reply) {
  // Values are never shared between keys here.
  view.Peek(args[2]).exists() ? reply.Integer(1) : reply.Null();
}

void ObjectIdletime(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.Peek(args[2]);
  key.exists() ? reply.Integer(key.IdleSeconds()) : reply.Null();
}

void ObjectFreq(View& view, Args args, ReplyWriter& reply) {
  if (!view.Peek(args[2]).exists()) return reply.Null();
  reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

// clang-format off
constexpr auto kObjectCommands = std::to_array<Command>({
    {.name = "encoding", .arity = 3, .flags = kReadonly, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, 0, 2, 0, 1), .reads = ReadScope::kRow, .data = ObjectEncoding,
     .summary = "Tells the encoding of a value.", .since = "2.2.3", .group = "generic",
     .complexity = "O(1)", .container = "object", .tips = "nondeterministic_output"},
    {.name = "freq", .arity = 3, .flags = kReadonly, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, 0, 2, 0, 1), .reads = ReadScope::kRow, .data = ObjectFreq,
     .summary = "Tells how often a key was used (LFU policies only).", .since = "4.0.0",
     .group = "generic", .complexity = "O(1)", .container = "object",
     .tips = "nondeterministic_output"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .acl = kAclKeyspace,
     .session = SubcommandHelp, .summary = "Tells the subcommands.", .since = "6.2.0",
     .group = "generic", .complexity = "O(1)", .container = "object"},
    {.name = "idletime", .arity = 3, .flags = kReadonly, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, 0, 2, 0, 1), .reads = ReadScope::kRow, .data = ObjectIdletime,
     .summary = "Tells for how many seconds a key was not used.", .since = "2.2.3",
     .group = "generic", .complexity = "O(1)", .container = "object",
     .tips = "nondeterministic_output"},
    {.name = "refcount", .arity = 3, .flags = kReadonly, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, 0, 2, 0, 1), .reads = ReadScope::kRow, .data = ObjectRefcount,
     .summary = "Tells how many references a value has.", .since = "2.2.3", .group = "generic",
     .complexity = "O(1)", .container = "object", .tips = "nondeterministic_output"},
});

constexpr auto kKeyCommands = std::to_array<Command>({
    {.name = "copy", .arity = -3, .flags = kWrite | kDenyOom | kOtherDb, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1),
     .keys2 = RangeKeys(KeySpec::kOW, kKeyUpdate, 2, 0, 1), .reads = ReadScope::kKey, .data = Copy,
     .summary = "Copies a key.", .since = "6.2.0", .group = "generic"},
    {.name = "del", .arity = -2, .flags = kWrite, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRM, kKeyDelete, 1, -1, 1),
     .reads = ReadScope::kRow, .data = Del, .blind = BlindDel,
     .summary = "Removes keys.", .since = "1.0.0", .group = "generic",
     .tips = "request_policy:multi_shard,response_policy:agg_sum"},
    {.name = "exists", .arity = -2, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, -1, 1), .reads = ReadScope::kRow, .data = Exists,
     .summary = "Counts the keys that exist.", .since = "1.0.0", .group = "generic",
     .tips = "request_policy:multi_shard,response_policy:agg_sum"},
    {.name = "move", .arity = 3, .flags = kWrite | kFast | kOtherDb, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyUpdate, 1, 0, 1), .reads = ReadScope::kKey,
     .data = Move, .summary = "Moves a key to another database.", .since = "1.0.0",
     .group = "generic", .complexity = "O(1)"},
    {.name = "object", .arity = -2, .summary = "Tells how a key is stored.", .since = "2.2.3",
     .group = "generic", .subcommands = kObjectCommands},
    {.name = "rename", .arity = 3, .flags = kWrite, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyDelete, 1, 0, 1),
     .keys2 = RangeKeys(KeySpec::kOW, kKeyUpdate, 2, 0, 1), .reads = ReadScope::kKey,
     .data = Rename, .summary = "Renames a key, replacing the new name.", .since = "1.0.0",
     .group = "generic", .complexity = "O(1)"},
    {.name = "renamenx", .arity = 3, .flags = kWrite | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyAccess | kKeyDelete, 1, 0, 1),
     .keys2 = RangeKeys(KeySpec::kOW, kKeyInsert, 2, 0, 1), .reads = ReadScope::kKey,
     .data = RenameNx, .summary = "Renames a key unless the new name exists.", .since = "1.0.0",
     .group = "generic", .complexity = "O(1)"},
    {.name = "touch", .arity = -2, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, -1, 1), .reads = ReadScope::kRow, .data = Touch,
     .summary = "Marks keys as used just now.", .since = "3.2.1", .group = "generic",
     .tips = "request_policy:multi_shard,response_policy:agg_sum"},
    {.name = "type", .arity = 2, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, 0, 1, 0, 1), .reads = ReadScope::kRow, .data = Type,
     .summary = "Tells the type of a key.", .since = "1.0.0", .group = "generic",
     .complexity = "O(1)"},
    {.name = "unlink", .arity = -2, .flags = kWrite | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRM, kKeyDelete, 1, -1, 1),
     .reads = ReadScope::kRow, .data = Del, .blind = BlindDel,
     .summary = "Removes keys; memory is freed later.", .since = "4.0.0", .group = "generic",
     .tips = "request_policy:multi_shard,response_policy:agg_sum"},
});
// clang-format on

}  // namespace

std::span<const Command> KeyCommands() { return kKeyCommands; }

}  // namespace tideway::resp
