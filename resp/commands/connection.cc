// The connection itself: logging in, protocol version, database, liveness.
#include <array>
#include <limits>
#include <string>

#include "backend/version.h"
#include "resp/authentication.h"
#include "resp/call.h"
#include "resp/client_names.h"
#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/executor.h"
#include "resp/protocol/numbers.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

constexpr std::string_view kWrongPassError =
    "WRONGPASS invalid username-password pair or user is disabled.";

void Ping(Call& call) {
  if (call.args.size() > 2) return call.reply.Error(ArityError("ping"));
  if (call.session.subscribed() && call.session.protocol == 2) {
    call.reply.Array(2);
    call.reply.Bulk("pong");
    return call.reply.Bulk(call.args.size() == 2 ? call.args[1] : std::string_view());
  }
  call.args.size() == 2 ? call.reply.Bulk(call.args[1]) : call.reply.Pong();
}

void Echo(Call& call) { call.reply.Bulk(call.args[1]); }

void Auth(Call& call) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  for (size_t i = 1; i < call.args.size(); ++i) call.executor.HideArgument(i);
  const bool old_form = call.args.size() == 2;
  const Settings& settings = call.worker.settings();
  if (old_form && settings.requirepass.empty()) {
    return call.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  const std::string_view user = old_form ? "default" : call.args[1];
  if (!CheckPassword(settings, user, call.args.back())) return call.reply.Error(kWrongPassError);
  call.session.authenticated = true;
  call.reply.Ok();
}

void ReplyHello(Call& call) {
  call.reply.set_version(call.session.resp_version());
  call.reply.Map(7);
  call.reply.Bulk("server");
  call.reply.Bulk("redis");
  call.reply.Bulk("version");
  call.reply.Bulk(kRedisVersion);
  call.reply.Bulk("proto");
  call.reply.Integer(call.session.protocol);
  call.reply.Bulk("id");
  call.reply.Integer(static_cast<int64_t>(call.session.id));
  call.reply.Bulk("mode");
  call.reply.Bulk("standalone");
  call.reply.Bulk("role");
  call.reply.Bulk("master");
  call.reply.Bulk("modules");
  call.reply.Array(0);
}

void Hello(Call& call) {
  const Args args = call.args;
  int64_t version = 0;
  if (args.size() > 1) {
    const auto asked = ParseInt64(args[1]);
    if (!asked) {
      return call.reply.Error("ERR Protocol version is not an integer or out of range");
    }
    if (*asked < 2 || *asked > 3) return call.reply.Error("NOPROTO unsupported protocol version");
    version = *asked;
  }
  // As in Redis, what an option asks for is done where it stands, before the words behind it are
  // looked at.
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t more = args.size() - i - 1;
    if (EqualsIgnoreCase(args[i], "auth") && more >= 2) {
      call.executor.HideArgument(i + 1);
      call.executor.HideArgument(i + 2);
      const std::string_view user = args[++i];
      if (!CheckPassword(call.worker.settings(), user, args[++i])) {
        return call.reply.Error(kWrongPassError);
      }
      call.session.authenticated = true;
    } else if (EqualsIgnoreCase(args[i], "setname") && more >= 1) {
      if (!SetClientName(call.session, args[++i])) return call.reply.Error(kBadClientNameError);
    } else {
      return call.reply.Error("ERR Syntax error in HELLO option '" + Printed(args[i]) + "'");
    }
  }
  if (!call.session.authenticated) {
    return call.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
  }
  if (version != 0) call.session.protocol = static_cast<uint8_t>(version);
  ReplyHello(call);
}

void Select(Call& call) {
  const auto number = Int32OrReply(call.args[1], call.reply);
  if (!number) return;
  if (*number < 0 || *number >= call.worker.settings().databases) {
    return call.reply.Error(kInvalidDbError);
  }
  call.session.db = static_cast<uint32_t>(*number);
  call.reply.Ok();
}

void Quit(Call& call) {
  call.reply.Ok();
  call.session.transport.CloseAfterFlush();
}

void Reset(Call& call) {
  Session& session = call.session;
  session.DropTransaction();
  call.worker.subscriptions().Drop(session);
  if (session.monitoring) {
    session.monitoring = false;
    call.server.monitors.Ended();
  }
  session.name.clear();
  session.db = 0;
  session.protocol = 2;
  // CLIENT REPLY SKIP before it takes its answer away all the same, as in Redis.
  if (session.reply_mode != ReplyMode::kSkipping) session.reply_mode = ReplyMode::kOn;
  session.authenticated = call.worker.settings().requirepass.empty();
  call.reply.set_version(RespVersion::k2);
  call.reply.Simple("RESET");
}

// Browsers that are made to talk to us say this; the gate closes their connections.
void Http(Call&) {}

// clang-format off
constexpr auto kConnectionCommands = std::to_array<Command>({
    {.name = "auth", .arity = -2,
     .flags = kNoscript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kAlone,
     .acl = kAclConnection, .session = Auth, .summary = "Logs in.", .since = "1.0.0",
     .group = "connection"},
    {.name = "echo", .arity = 2, .flags = kLoading | kStale | kFast, .acl = kAclConnection,
     .session = Echo, .summary = "Gives back its argument.", .since = "1.0.0",
     .group = "connection", .complexity = "O(1)"},
    {.name = "hello", .arity = -1,
     .flags = kNoscript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kAlone,
     .acl = kAclConnection, .session = Hello,
     .summary = "Chooses the protocol version, and logs in.", .since = "6.0.0",
     .group = "connection", .complexity = "O(1)"},
    {.name = "ping", .arity = -1, .flags = kFast | kInSubscribed, .acl = kAclConnection,
     .session = Ping, .summary = "Answers, so that the client knows.", .since = "1.0.0",
     .group = "connection", .complexity = "O(1)",
     .tips = "request_policy:all_shards,response_policy:all_succeeded"},
    {.name = "quit", .arity = -1,
     .flags = kNoscript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kNotQueued |
              kInSubscribed | kAlone,
     .acl = kAclConnection, .session = Quit, .summary = "Closes the connection.", .since = "1.0.0",
     .group = "connection", .complexity = "O(1)"},
    {.name = "reset", .arity = 1,
     .flags = kNoscript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kNotQueued |
              kInSubscribed | kAlone,
     .acl = kAclConnection, .session = Reset, .summary = "Makes the connection as new.",
     .since = "6.2.0", .group = "connection", .complexity = "O(1)"},
    {.name = "select", .arity = 2, .flags = kLoading | kStale | kFast | kAlone | kSelectsDb,
     .acl = kAclConnection, .session = Select, .summary = "Chooses the database.",
     .since = "1.0.0", .group = "connection", .complexity = "O(1)"},
    {.name = "host:", .arity = -1, .flags = kNoAuth | kRefusesHttp, .session = Http},
    {.name = "post", .arity = -1, .flags = kNoAuth | kRefusesHttp, .session = Http},
});
// clang-format on

}  // namespace

std::span<const Command> ConnectionCommands() { return kConnectionCommands; }

}  // namespace tideway::resp
