// When keys go away: EXPIRE and its relatives, TTL and its relatives.
#include <array>
#include <string>

#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

using backend::Event;
using backend::Key;
using backend::kNoExpiry;
using backend::ReadScope;
using backend::View;

// --- setting

struct ExpireOptions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;

  // Whether a key that expires at `current` may be changed to expire at `wanted`. No expiry counts
  // as infinitely late.
  bool Allow(int64_t current, int64_t wanted) const {
    const bool none = current == kNoExpiry;
    if (nx && !none) return false;
    if (xx && none) return false;
    if (gt && (none || wanted <= current)) return false;
    if (lt && !none && wanted >= current) return false;
    return true;
  }
};

bool ParseExpireOptions(Args args, ExpireOptions& options, ReplyWriter& reply) {
  for (const std::string_view word : args.subspan(3)) {
    if (EqualsIgnoreCase(word, "nx")) {
      options.nx = true;
    } else if (EqualsIgnoreCase(word, "xx")) {
      options.xx = true;
    } else if (EqualsIgnoreCase(word, "gt")) {
      options.gt = true;
    } else if (EqualsIgnoreCase(word, "lt")) {
      options.lt = true;
    } else {
      reply.Error("ERR Unsupported option " + std::string(word.substr(0, word.find('\0'))));
      return false;
    }
  }
  if (options.nx && (options.xx || options.gt || options.lt)) {
    reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (options.gt && options.lt) {
    reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

struct ExpireForm {
  std::string_view name;
  bool seconds;
  bool absolute;
};

void ExpireBy(View& view, Args args, const ExpireForm& form, ReplyWriter& reply) {
  ExpireOptions options;
  if (!ParseExpireOptions(args, options, reply)) return;
  std::optional<int64_t> when = IntegerOrReply(args[2], reply);
  if (!when) return;
  // Times in the past are fine, those beyond the range of milliseconds are not.
  if (form.seconds) when = CheckedMul(*when, 1000);
  if (when && !form.absolute) when = CheckedAdd(*when, view.now_ms());
  if (!when) {
    return reply.Error("ERR invalid expire time in '" + std::string(form.name) + "' command");
  }
  Key key = view.OpenWrite(args[1]);
  if (!key.exists() || !options.Allow(key.expire_at_ms(), *when)) return reply.Integer(0);
  if (*when <= view.now_ms()) {
    key.Erase();
    view.Note(Event::kDel, key);
  } else {
    key.SetExpiry(*when);
    view.Note(Event::kExpire, key);
  }
  reply.Integer(1);
}

void Expire(View& view, Args args, ReplyWriter& reply) {
  ExpireBy(view, args, {"expire", true, false}, reply);
}
void PExpire(View& view, Args args, ReplyWriter& reply) {
  ExpireBy(view, args, {"pexpire", false, false}, reply);
}
void ExpireAt(View& view, Args args, ReplyWriter& reply) {
  ExpireBy(view, args, {"expireat", true, true}, reply);
}
void PExpireAt(View& view, Args args, ReplyWriter& reply) {
  ExpireBy(view, args, {"pexpireat", false, true}, reply);
}

void Persist(View& view, Args args, ReplyWriter& reply) {
  Key key = view.OpenWrite(args[1]);
  if (!key.exists() || !key.ClearExpiry()) return reply.Integer(0);
  view.Note(Event::kPersist, key);
  reply.Integer(1);
}

// --- asking

constexpr int64_t kNoKeyAnswer = -2;
constexpr int64_t kNoExpiryAnswer = -1;

// The key's expiry, or the answer that there is no key or no expiry.
std::optional<int64_t> ExpireTimeOrReply(View& view, std::string_view name, ReplyWriter& reply) {
  const Key key = view.OpenReadNoTouch(name);
  if (!key.exists()) {
    reply.Integer(kNoKeyAnswer);
    return std::nullopt;
  }
  if (key.expire_at_ms() == kNoExpiry) {
    reply.Integer(kNoExpiryAnswer);
    return std::nullopt;
  }
  return key.expire_at_ms();
}

int64_t RoundToSeconds(int64_t ms) { return (ms + 500) / 1000; }

void Pttl(View& view, Args args, ReplyWriter& reply) {
  if (const auto at = ExpireTimeOrReply(view, args[1], reply)) {
    reply.Integer(std::max<int64_t>(*at - view.now_ms(), 0));
  }
}

void Ttl(View& view, Args args, ReplyWriter& reply) {
  if (const auto at = ExpireTimeOrReply(view, args[1], reply)) {
    reply.Integer(RoundToSeconds(std::max<int64_t>(*at - view.now_ms(), 0)));
  }
}

void PExpireTime(View& view, Args args, ReplyWriter& reply) {
  if (const auto at = ExpireTimeOrReply(view, args[1], reply)) reply.Integer(*at);
}

void ExpireTime(View& view, Args args, ReplyWriter& reply) {
  if (const auto at = ExpireTimeOrReply(view, args[1], reply)) reply.Integer(RoundToSeconds(*at));
}

// clang-format off
constexpr auto kExpiryCommands = std::to_array<Command>({
    {.name = "expire", .arity = -3, .flags = kWrite | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kRow,
     .data = Expire, .summary = "Lets a key expire after seconds.", .since = "1.0.0",
     .group = "generic", .complexity = "O(1)"},
    {.name = "expireat", .arity = -3, .flags = kWrite | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kRow,
     .data = ExpireAt, .summary = "Lets a key expire at a time in seconds.", .since = "1.2.0",
     .group = "generic", .complexity = "O(1)"},
    {.name = "expiretime", .arity = 2, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kRow,
     .data = ExpireTime, .summary = "Gives the time in seconds at which a key expires.",
     .since = "7.0.0", .group = "generic", .complexity = "O(1)"},
    {.name = "persist", .arity = 2, .flags = kWrite | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kRow,
     .data = Persist, .summary = "Removes a key's expiry.", .since = "2.2.0", .group = "generic",
     .complexity = "O(1)"},
    {.name = "pexpire", .arity = -3, .flags = kWrite | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kRow,
     .data = PExpire, .summary = "Lets a key expire after milliseconds.", .since = "2.6.0",
     .group = "generic", .complexity = "O(1)"},
    {.name = "pexpireat", .arity = -3, .flags = kWrite | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRW, kKeyUpdate, 1, 0, 1), .reads = ReadScope::kRow,
     .data = PExpireAt, .summary = "Lets a key expire at a time in milliseconds.",
     .since = "2.6.0", .group = "generic", .complexity = "O(1)"},
    {.name = "pexpiretime", .arity = 2, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kRow,
     .data = PExpireTime, .summary = "Gives the time in milliseconds at which a key expires.",
     .since = "7.0.0", .group = "generic", .complexity = "O(1)"},
    {.name = "pttl", .arity = 2, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kRow, .data = Pttl,
     .summary = "Gives the milliseconds until a key expires.", .since = "2.6.0",
     .group = "generic", .complexity = "O(1)", .tips = "nondeterministic_output"},
    {.name = "ttl", .arity = 2, .flags = kReadonly | kFast, .acl = kAclKeyspace,
     .keys = RangeKeys(KeySpec::kRO, kKeyAccess, 1, 0, 1), .reads = ReadScope::kRow, .data = Ttl,
     .summary = "Gives the seconds until a key expires.", .since = "1.0.0", .group = "generic",
     .complexity = "O(1)", .tips = "nondeterministic_output"},
});
// clang-format on

}  // namespace

std::span<const Command> ExpiryCommands() { return kExpiryCommands; }

}  // namespace tideway::resp
