// DUMP and RESTORE: values on their way to and from other servers.
#include <array>
#include <string>

#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/protocol/dump_payload.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

using backend::Event;
using backend::ExpiryChange;
using backend::Key;
using backend::ReadScope;
using backend::ValueType;
using backend::View;

std::string Payload(const Key& key) {
  if (key.type() == ValueType::kString) {
    DumpWriter writer(DumpedValue::Kind::kString);
    writer.String(key.String());
    return writer.Take();
  }
  if (key.type() == ValueType::kHash) {
    DumpWriter writer(DumpedValue::Kind::kHash);
    writer.Count(key.HashSize());
    key.HashForEach([&](std::string_view field, std::string_view value) {
      writer.String(field);
      writer.String(value);
    });
    return writer.Take();
  }
  DumpWriter writer(DumpedValue::Kind::kSet);
  writer.Count(key.SetSize());
  key.SetForEach([&](std::string_view member) { writer.String(member); });
  return writer.Take();
}

void Dump(View& view, Args args, ReplyWriter& reply) {
  const Key key = view.OpenRead(args[1]);
  key.exists() ? reply.Bulk(Payload(key)) : reply.Null();
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
};

bool ParseRestoreOptions(Args args, RestoreOptions& options, ReplyWriter& reply) {
  for (size_t i = 4; i < args.size(); ++i) {
    const bool has_value = i + 1 < args.size();
    if (EqualsIgnoreCase(args[i], "replace")) {
      options.replace = true;
    } else if (EqualsIgnoreCase(args[i], "absttl")) {
      options.absolute = true;
    } else if (has_value && EqualsIgnoreCase(args[i], "idletime")) {
      const auto idle = IntegerOrReply(args[++i], reply);
      if (!idle) return false;
      if (*idle < 0) {
        reply.Error("ERR Invalid IDLETIME value, must be >= 0");
        return false;
      }
    } else if (has_value && EqualsIgnoreCase(args[i], "freq")) {
      const auto frequency = IntegerOrReply(args[++i], reply);
      if (!frequency) return false;
      if (*frequency < 0 || *frequency > 255) {
        reply.Error("ERR Invalid FREQ value, must be >= 0 and <= 255");
        return false;
      }
    } else {
      reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

void Fill(Key& key, const DumpedValue& value) {
  switch (value.kind) {
    case DumpedValue::Kind::kString:
      key.SetString(value.string, ExpiryChange::Clear());
      break;
    case DumpedValue::Kind::kSet:
      key.ResetToSet();
      for (const std::string& member : value.members) key.SetAdd(member);
      break;
    case DumpedValue::Kind::kHash:
      key.ResetToHash();
      for (const auto& [field, text] : value.fields) key.HashSet(field, text);
      break;
  }
}

void Restore(View& view, Args args, ReplyWriter& reply) {
  RestoreOptions options;
  if (!ParseRestoreOptions(args, options, reply)) return;
  Key key = view.OpenWrite(args[1]);
  if (key.exists() && !options.replace) {
    return reply.Error("BUSYKEY Target key name already exists.");
  }
  const auto ttl = IntegerOrReply(args[2], reply);
  if (!ttl) return;
  if (*ttl < 0) return reply.Error("ERR Invalid TTL value, must be >= 0");
  const auto value = ReadDump(args[3], view.string_bytes_max());
  if (!value.ok()) {
    return reply.Error(value.error().code == Errc::kCorrupt
                           ? "ERR DUMP payload version or checksum are wrong"
                           : "ERR Bad data format");
  }
  const auto at = *ttl == 0 || options.absolute ? ttl : CheckedAdd(*ttl, view.now_ms());
  if (!at) return reply.Error("ERR Invalid TTL value, must be >= 0");
  if (*ttl != 0 && *at <= view.now_ms()) {
    // Already past: nothing is made, but what was there is replaced by nothing.
    if (key.exists()) {
      key.Erase();
      view.Note(Event::kDel, key);
    }
    return reply.Ok();
  }
  Fill(key, value.value());
  if (*ttl != 0) key.SetExpiry(*at);
  view.Note(Event::kRestore, key);
  reply.Ok();
}

// clang-format off
constexpr auto kDumpCommands = std::to_array<Command>({
    {.name = "dump", .arity = 2, .flags = kReadonly, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kKey, .data = Dump,
     .summary = "Gives a key's value in a form that RESTORE takes.", .since = "2.6.0",
     .group = "generic", .tips = "nondeterministic_output"},
    {.name = "restore", .arity = -4, .flags = kWrite | kDenyOom,
     .acl = kAclKeyspace | kAclDangerous, .keys = RangeKeys(KeySpec::kOW, kKeyUpdate, 1, 0, 1),
     .reads = ReadScope::kKey, .data = Restore, .summary = "Makes a key from what DUMP gave.",
     .since = "2.6.0", .group = "generic"},
});
// clang-format on

}  // namespace

std::span<const Command> DumpCommands() { return kDumpCommands; }

}  // namespace tideway::resp
