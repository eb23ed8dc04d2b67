// MULTI, EXEC and WATCH.
#include <algorithm>
#include <array>
#include <string>

#include "resp/call.h"
#include "resp/executor.h"
#include "resp/server_context.h"
#include "resp/session.h"

namespace tideway::resp {
namespace {

using backend::ReadScope;

void Multi(Call& call) {
  if (call.session.in_multi()) return call.reply.Error("ERR MULTI calls can not be nested");
  call.session.transaction().open = true;
  call.reply.Ok();
}

void Discard(Call& call) {
  if (!call.session.in_multi()) return call.reply.Error("ERR DISCARD without MULTI");
  call.session.DropTransaction();
  call.reply.Ok();
}

// True when a watched key changed since WATCH, or nobody can tell any more.
bool WatchBroken(Call& call) {
  const int64_t watch_ms_max = call.server.store.WatchMsMax();
  for (const WatchedKey& watched : call.session.transaction().watched) {
    if (call.view.now_ms() - watched.at_ms > watch_ms_max) return true;
    if (call.view.CurrentRevision(watched.db, watched.key) != watched.revision) return true;
  }
  return false;
}

void Exec(Call& call) {
  if (!call.session.in_multi()) return call.reply.Error("ERR EXEC without MULTI");
  if (call.session.transaction().failed) {
    call.session.DropTransaction();
    return call.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (WatchBroken(call)) {
    call.session.DropTransaction();
    return call.reply.NullArray();
  }
  call.executor.RunQueued(call.session, call.reply);
}

void Watch(Call& call) {
  if (call.session.in_multi()) return call.reply.Error("ERR WATCH inside MULTI is not allowed");
  TransactionState& transaction = call.session.transaction();
  for (const std::string_view name : call.args.subspan(1)) {
    const bool known = std::any_of(transaction.watched.begin(), transaction.watched.end(),
                                   [&](const WatchedKey& watched) {
                                     return watched.db == call.session.db && watched.key == name;
                                   });
    if (known) continue;
    transaction.watched.push_back({call.session.db, std::string(name),
                                   call.view.WatchRevision(call.session.db, name),
                                   call.view.now_ms()});
  }
  call.reply.Ok();
}

void Unwatch(Call& call) {
  // Inside MULTI it is queued; EXEC ends the watches itself.
  if (!call.session.in_multi()) call.session.DropTransaction();
  call.reply.Ok();
}

// clang-format off
constexpr auto kTransactionCommands = std::to_array<Command>({
    {.name = "discard", .arity = 1,
     .flags = kNoscript | kLoading | kStale | kFast | kAllowBusy | kNotQueued,
     .acl = kAclTransaction, .session = Discard, .summary = "Forgets the queued commands.",
     .since = "2.0.0", .group = "transactions"},
    {.name = "exec", .arity = 1,
     .flags = kNoscript | kLoading | kStale | kSkipSlowlog | kNotQueued | kReadsQueue,
     .acl = kAclTransaction, .session = Exec, .summary = "Runs the queued commands as one.",
     .since = "1.2.0", .group = "transactions"},
    {.name = "multi", .arity = 1,
     .flags = kNoscript | kLoading | kStale | kFast | kAllowBusy | kNotQueued,
     .acl = kAclTransaction, .session = Multi, .summary = "Begins to queue commands.",
     .since = "1.2.0", .group = "transactions", .complexity = "O(1)"},
    {.name = "unwatch", .arity = 1, .flags = kNoscript | kLoading | kStale | kFast | kAllowBusy,
     .acl = kAclTransaction, .session = Unwatch, .summary = "Forgets the watched keys.",
     .since = "2.2.0", .group = "transactions", .complexity = "O(1)"},
    {.name = "watch", .arity = -2,
     .flags = kNoscript | kLoading | kStale | kFast | kAllowBusy | kNotQueued,
     .acl = kAclTransaction, .keys = RangeKeys(KeySpec::kRO, 0, 1, -1, 1),
     .reads = ReadScope::kRow, .session = Watch, .summary = "Lets EXEC fail if a key changes.",
     .since = "2.2.0", .group = "transactions"},
});
// clang-format on

}  // namespace

std::span<const Command> TransactionCommands() { return kTransactionCommands; }

}  // namespace tideway::resp
