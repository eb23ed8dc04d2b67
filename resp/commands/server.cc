// The server as a whole: INFO, time, saving, shutting down, and what a lone master answers about
// replication.
#include <algorithm>
#include <array>
#include <string>

#include "backend/version.h"
#include "resp/call.h"
#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/info.h"
#include "resp/protocol/numbers.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

void Info(Call& call) { call.reply.Verbatim("txt", BuildInfo(call.worker, call.args.subspan(1))); }

void Time(Call& call) {
  const int64_t now_us = call.server.clock.WallUs();
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(now_us / 1'000'000));
  call.reply.Bulk(std::to_string(now_us % 1'000'000));
}

// --- saving: the journal keeps everything; a checkpoint makes the next start shorter

void Lastsave(Call& call) {
  call.reply.Integer(std::max(call.server.store.Stats().journal.last_checkpoint_unix_s,
                              call.server.identity.start_unix_s));
}

void Save(Call& call) {
  const Status flushed = call.server.store.Flush();
  if (!flushed.ok()) return call.reply.Error("ERR " + flushed.error().detail);
  call.reply.Ok();
}

void Bgsave(Call& call) {
  if (call.args.size() > 2 ||
      (call.args.size() == 2 && !EqualsIgnoreCase(call.args[1], "schedule"))) {
    return call.reply.Error(kSyntaxError);
  }
  const Status started = call.server.store.StartCheckpoint();
  if (!started.ok()) return call.reply.Error("ERR Background save already in progress");
  call.reply.Simple("Background saving started");
}

void Bgrewriteaof(Call& call) {
  const Status started = call.server.store.StartCheckpoint();
  if (!started.ok()) {
    return call.reply.Error("ERR Background append only file rewriting already in progress");
  }
  call.reply.Simple("Background append only file rewriting started");
}

void Shutdown(Call& call) {
  ShutdownRequest request;
  bool abort = false;
  bool save = false;
  for (const std::string_view word : call.args.subspan(1)) {
    if (EqualsIgnoreCase(word, "nosave") && !save) {
      request.save = false;
    } else if (EqualsIgnoreCase(word, "save") && request.save) {
      save = true;
    } else if (EqualsIgnoreCase(word, "now")) {
      request.now = true;
    } else if (EqualsIgnoreCase(word, "force")) {
      request.force = true;
    } else if (EqualsIgnoreCase(word, "abort")) {
      abort = true;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }
  if (abort && call.args.size() > 2) return call.reply.Error(kSyntaxError);
  if (abort) return call.reply.Error("ERR No shutdown in progress.");
  call.server.request_shutdown(request);
  // As Redis: no answer; the connection ends with the server.
  call.session.transport.CloseAfterFlush();
}

// --- replication: there is none to wait for

void Role(Call& call) {
  call.reply.Array(3);
  call.reply.Bulk("master");
  call.reply.Integer(0);
  call.reply.Array(0);
}

void Wait(Call& call) {
  if (!IntegerOrReply(call.args[1], call.reply)) return;
  const auto timeout = ParseInt64(call.args[2]);
  if (!timeout) return call.reply.Error("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return call.reply.Error("ERR timeout is negative");
  call.reply.Integer(0);
}

void Replicaof(Call& call) {
  if (EqualsIgnoreCase(call.args[1], "no") && EqualsIgnoreCase(call.args[2], "one")) {
    return call.reply.Ok();  // it is nobody's replica already
  }
  call.reply.Error(
      "ERR REPLICAOF is not supported: tideway nodes share their data through the backend, none is "
      "a replica of another");
}

void Monitor(Call& call) {
  if (call.session.in_multi()) {
    return call.reply.Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  }
  if (!call.session.monitoring) {
    call.session.monitoring = true;
    call.server.monitors.Began();
  }
  call.reply.Ok();
}

void Lolwut(Call& call) {
  call.reply.Verbatim("txt", "  ~~~^~~~^~~~ \n ~^~~~^~~~^~~~  tideway " + std::string(Version()) +
                                 "\n~~~^~~~^~~~\nRedis ver. " + std::string(kRedisVersion) + "\n");
}

// clang-format off
constexpr auto kServerCommands = std::to_array<Command>({
    {.name = "bgrewriteaof", .arity = 1, .flags = kAdmin | kNoscript | kNoAsyncLoading,
     .session = Bgrewriteaof, .summary = "Compacts the journal in the background.",
     .since = "1.0.0", .group = "server", .complexity = "O(1)"},
    {.name = "bgsave", .arity = -1, .flags = kAdmin | kNoscript | kNoAsyncLoading,
     .session = Bgsave, .summary = "Makes a checkpoint in the background.", .since = "1.0.0",
     .group = "server", .complexity = "O(1)"},
    {.name = "info", .arity = -1, .flags = kLoading | kStale | kInspects, .acl = kAclDangerous,
     .session = Info, .summary = "Tells figures of the server.", .since = "1.0.0",
     .group = "server", .complexity = "O(1)",
     .tips = "nondeterministic_output,request_policy:all_shards,response_policy:special"},
    {.name = "lastsave", .arity = 1, .flags = kLoading | kStale | kFast,
     .acl = kAclAdmin | kAclDangerous, .session = Lastsave,
     .summary = "Gives the time of the last checkpoint.", .since = "1.0.0", .group = "server",
     .complexity = "O(1)", .tips = "nondeterministic_output"},
    {.name = "lolwut", .arity = -1, .flags = kReadonly | kFast, .session = Lolwut,
     .summary = "Shows a wave and the version.", .since = "5.0.0", .group = "server"},
    {.name = "monitor", .arity = 1, .flags = kAdmin | kNoscript | kLoading | kStale | kAlone,
     .session = Monitor, .summary = "Shows every command that runs.", .since = "1.0.0",
     .group = "server"},
    {.name = "replicaof", .arity = 3, .flags = kAdmin | kNoscript | kStale | kNoAsyncLoading,
     .session = Replicaof, .summary = "Is refused: regions share the data, none is a replica.",
     .since = "5.0.0", .group = "server", .complexity = "O(1)"},
    {.name = "role", .arity = 1, .flags = kNoscript | kLoading | kStale | kFast,
     .acl = kAclAdmin | kAclDangerous, .session = Role, .summary = "Tells the server's role.",
     .since = "2.8.12", .group = "server", .complexity = "O(1)"},
    {.name = "save", .arity = 1, .flags = kAdmin | kNoscript | kNoAsyncLoading | kNoMulti | kAlone,
     .session = Save, .summary = "Makes a checkpoint.", .since = "1.0.0", .group = "server"},
    {.name = "shutdown", .arity = -1,
     .flags = kAdmin | kNoscript | kLoading | kStale | kNoMulti | kAllowBusy | kAlone,
     .session = Shutdown, .summary = "Ends the server.", .since = "1.0.0", .group = "server"},
    {.name = "slaveof", .arity = 3, .flags = kAdmin | kNoscript | kStale | kNoAsyncLoading,
     .session = Replicaof, .summary = "Is refused: regions share the data, none is a replica.",
     .since = "1.0.0", .group = "server", .complexity = "O(1)", .deprecated = "5.0.0|`REPLICAOF`"},
    {.name = "time", .arity = 1, .flags = kLoading | kStale | kFast, .session = Time,
     .summary = "Gives the server's time.", .since = "2.6.0", .group = "server",
     .complexity = "O(1)", .tips = "nondeterministic_output"},
    {.name = "wait", .arity = 3, .flags = kNoscript, .acl = kAclConnection, .session = Wait,
     .summary = "Waits for replicas; there are none.", .since = "3.0.0", .group = "generic",
     .complexity = "O(1)", .tips = "request_policy:all_shards,response_policy:agg_min"},
});
// clang-format on

}  // namespace

std::span<const Command> ServerCommands() { return kServerCommands; }

}  // namespace tideway::resp
