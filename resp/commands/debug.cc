// DEBUG: for tests and trouble-shooting. Refused unless enable-debug-command allows it.
#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "backend/data/key_hash.h"
#include "backend/log.h"
#include "resp/authentication.h"
#include "resp/call.h"
#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/config/rewrite.h"
#include "resp/protocol/numbers.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

using backend::Key;
using backend::ReadScope;
using backend::ValueType;

// --- digests: 40 hex digits that say whether data is the same, whatever its order

struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;
  void Mix(const Digest& other) {
    high ^= other.high;
    low ^= other.low;
  }
  std::string Hex() const {
    return fmt::format("{:016x}{:016x}{:08x}", high, low, high & low & 0xffffffff);
  }
};

Digest DigestOf(std::string_view a, std::string_view b, uint64_t seed) {
  std::string joined = fmt::format("{}:", a.size());
  joined.append(a).append(b);
  const XXH128_hash_t hash = XXH3_128bits_withSeed(joined.data(), joined.size(), seed);
  return {hash.high64, hash.low64};
}

Digest ValueDigest(const Key& key) {
  Digest digest;
  switch (key.type()) {
    case ValueType::kString:
      return DigestOf(key.String(), "", 1);
    case ValueType::kHash:
      key.HashForEach([&](std::string_view field, std::string_view value) {
        digest.Mix(DigestOf(field, value, 2));
      });
      return digest;
    case ValueType::kSet:
      key.SetForEach([&](std::string_view member) { digest.Mix(DigestOf(member, "", 3)); });
      return digest;
    case ValueType::kNone:
      break;
  }
  return digest;
}

void DebugDigest(Call& call) {
  Digest all;
  const uint32_t selected = call.view.db();
  for (uint32_t db = 0; db < call.view.database_count(); ++db) {
    call.view.set_db(db);
    call.view.ForEachKey([&](const Key& key) {
      const bool expires = key.expire_at_ms() != backend::kNoExpiry;
      all.Mix(DigestOf(key.name(), ValueDigest(key).Hex(), 4 + 2 * db + (expires ? 1 : 0)));
    });
  }
  call.view.set_db(selected);
  call.reply.Simple(all.Hex());
}

void DebugDigestValue(Call& call) {
  const Args names = call.args.subspan(2);
  call.reply.Array(names.size());
  for (const std::string_view name : names) {
    const Key key = call.view.Peek(name);
    call.reply.Bulk((key.exists() ? ValueDigest(key) : Digest{}).Hex());
  }
}

// --- the others

void DebugSleep(Call& call) {
  // As Redis: what strtod() makes of it, 0 of what is no number.
  const double seconds = std::strtod(std::string(call.args[2]).c_str(), nullptr);
  if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  call.reply.Ok();
}

void DebugObject(Call& call) {
  const Key key = call.view.Peek(call.args[2]);
  if (!key.exists()) return call.reply.Error(kNoSuchKeyError);
  const int64_t idle = key.IdleSeconds();
  call.reply.Simple(fmt::format(
      "Value at:0x{:x} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
      backend::KeyHash(key.name()) & 0xffffffffffff, key.EncodingName(), key.MemoryUsage(),
      (call.server.clock.WallMs() / 1000 - idle) & 0xffffff, idle));
}

void DebugSetActiveExpire(Call& call) {
  call.server.store.SetActiveExpire(call.args[2] != "0");
  call.reply.Ok();
}

// Memory is what the journal says at any time; to load it again would change nothing.
void DebugReload(Call& call) { call.reply.Ok(); }

void DebugRewriteAll(Call& call) {
  const Status written =
      RewriteConfigFile(call.server.settings.config_file(), call.worker.settings(), true);
  if (!written.ok()) return call.reply.Error("ERR " + written.error().detail);
  call.reply.Ok();
}

void DebugLog(Call& call) {
  log::Warning("DEBUG LOG: {}", call.args[2]);
  call.reply.Ok();
}

void DebugPopulate(Call& call) {
  const auto count = IntegerOrReply(call.args[2], call.reply);
  if (!count) return;
  const std::string prefix(call.args.size() > 3 ? call.args[3] : "key");
  int64_t size = 0;
  if (call.args.size() > 4) {
    const auto asked = IntegerOrReply(call.args[4], call.reply);
    if (!asked) return;
    size = *asked;
  }
  for (int64_t i = 0; i < *count; ++i) {
    const std::string name = fmt::format("{}:{}", prefix, i);
    Key key = call.view.OpenWrite(name);
    if (key.exists()) continue;
    std::string value = fmt::format("value:{}", i);
    if (size > 0) value.resize(static_cast<size_t>(size), '\0');
    key.SetString(value, backend::ExpiryChange::Clear());
  }
  call.reply.Ok();
}

void DebugNothing(Call& call) { call.reply.Ok(); }

void DebugProtocol(Call& call) {
  ReplyWriter& reply = call.reply;
  const std::string_view kind = call.args[2];
  const auto numbers = [&] {
    for (int i = 0; i < 3; ++i) reply.Integer(i);
  };
  if (EqualsIgnoreCase(kind, "string")) return reply.Bulk("Hello World");
  if (EqualsIgnoreCase(kind, "integer")) return reply.Integer(12345);
  if (EqualsIgnoreCase(kind, "double")) return reply.Double(3.141);
  if (EqualsIgnoreCase(kind, "null")) return reply.Null();
  if (EqualsIgnoreCase(kind, "bignum")) {
    return reply.BigNumber("1234567999999999999999999999999999999");
  }
  if (EqualsIgnoreCase(kind, "verbatim")) {
    return reply.Verbatim("txt", "This is a verbatim\nstring");
  }
  if (EqualsIgnoreCase(kind, "true")) return reply.Bool(true);
  if (EqualsIgnoreCase(kind, "false")) return reply.Bool(false);
  if (EqualsIgnoreCase(kind, "array") || EqualsIgnoreCase(kind, "set")) {
    EqualsIgnoreCase(kind, "set") ? reply.Set(3) : reply.Array(3);
    return numbers();
  }
  if (EqualsIgnoreCase(kind, "map")) {
    reply.Map(3);
    for (int i = 0; i < 3; ++i) {
      reply.Integer(i);
      reply.Bool(i == 1);
    }
    return;
  }
  if (EqualsIgnoreCase(kind, "attrib")) {
    if (reply.resp3()) {
      reply.Attribute(1);
      reply.Bulk("key-popularity");
      reply.Array(2);
      reply.Bulk("key:123");
      reply.Integer(90);
    }
    return reply.Bulk("Some real reply following the attribute");
  }
  if (EqualsIgnoreCase(kind, "push")) {
    if (!reply.resp3()) return reply.Error("ERR RESP2 is not supported by this command");
    reply.Push(2);
    reply.Bulk("server-cpu-usage");
    reply.Integer(42);
    return reply.Bulk("Some real reply following the push reply");
  }
  reply.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

struct Subcommand {
  std::string_view name;
  size_t args_min;  // beside DEBUG and the name
  size_t args_max;
  std::string_view usage;
  std::string_view summary;
  void (*run)(Call&);
  bool whole_data = false;  // it needs all of it in this process
};

constexpr size_t kAny = SIZE_MAX;
constexpr auto kSubcommands = std::to_array<Subcommand>({
    {"digest", 0, 0, "DIGEST", "A signature of all data.", DebugDigest, true},
    {"digest-value", 1, kAny, "DIGEST-VALUE <key> [<key> ...]", "Signatures of values.",
     DebugDigestValue},
    {"log", 1, 1, "LOG <message>", "Writes a line to the log.", DebugLog},
    {"loadaof", 0, 0, "LOADAOF", "A no-op: memory is what the journal says.", DebugReload},
    {"object", 1, 1, "OBJECT <key>", "How a key is stored.", DebugObject},
    {"config-rewrite-force-all", 0, 0, "CONFIG-REWRITE-FORCE-ALL",
     "Writes every setting to the configuration file.", DebugRewriteAll},
    {"populate", 1, 3, "POPULATE <count> [<prefix>] [<size>]", "Makes keys.", DebugPopulate, true},
    {"protocol", 1, 1, "PROTOCOL <type>", "Replies with a value of a protocol type.",
     DebugProtocol},
    {"reload", 0, kAny, "RELOAD", "A no-op: memory is what the journal says.", DebugReload},
    {"set-active-expire", 1, 1, "SET-ACTIVE-EXPIRE <0|1>", "Stops or starts active expiry.",
     DebugSetActiveExpire},
    {"set-disable-deny-scripts", 1, 1, "SET-DISABLE-DENY-SCRIPTS <0|1>", "A no-op.", DebugNothing},
    {"sleep", 1, 1, "SLEEP <seconds>", "Holds this I/O thread.", DebugSleep},
});

void Help(Call& call) {
  call.reply.Array(1 + 2 * kSubcommands.size());
  call.reply.Simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const Subcommand& sub : kSubcommands) {
    call.reply.Simple(sub.usage);
    call.reply.Simple("    " + std::string(sub.summary));
  }
}

void Debug(Call& call) {
  if (!Allows(call.worker.settings().enable_debug_command, call.session)) {
    return call.reply.Error(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
        "you can run it from a local connection, otherwise you need to set this option in the "
        "configuration file, and then restart the server.");
  }
  if (call.args.size() == 2 && EqualsIgnoreCase(call.args[1], "help")) return Help(call);
  const size_t more = call.args.size() - 2;
  for (const Subcommand& sub : kSubcommands) {
    if (!EqualsIgnoreCase(call.args[1], sub.name)) continue;
    if (more < sub.args_min || more > sub.args_max) break;
    if (sub.whole_data && call.server.store.remote()) {
      return call.reply.Error("ERR DEBUG " + std::string(sub.name) +
                              " is not supported with backend tidb://");
    }
    return sub.run(call);
  }
  call.reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(call.args[1].substr(0, 128)) + "'. Try DEBUG HELP.");
}

// clang-format off
constexpr auto kDebugCommands = std::to_array<Command>({
    {.name = "debug", .arity = -2, .flags = kAdmin | kNoscript | kLoading | kStale | kAlone,
     .reads = ReadScope::kEverything, .session = Debug,
     .summary = "Serves tests and trouble-shooting.", .since = "1.0.0", .group = "server"},
});
// clang-format on

}  // namespace

std::span<const Command> DebugCommands() { return kDebugCommands; }

}  // namespace tideway::resp
