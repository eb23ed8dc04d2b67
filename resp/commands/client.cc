// CLIENT: telling about connections, naming, pausing and closing them.
#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "resp/call.h"
#include "resp/client_info.h"
#include "resp/client_names.h"
#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/command/help.h"
#include "resp/protocol/numbers.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

// --- this connection

void ClientId(Call& call) { call.reply.Integer(static_cast<int64_t>(call.session.id)); }

void ClientInfo(Call& call) {
  call.reply.Verbatim("txt", ClientInfoLine(call.session, call.worker.now_ms()) + "\n");
}

void ClientGetname(Call& call) {
  call.session.name.empty() ? call.reply.Null() : call.reply.Bulk(call.session.name);
}

void ClientSetname(Call& call) {
  if (!SetClientName(call.session, call.args[2])) return call.reply.Error(kBadClientNameError);
  call.reply.Ok();
}

void ClientSetinfo(Call& call) {
  const std::string_view option = call.args[2];
  const bool name = EqualsIgnoreCase(option, "lib-name");
  if (!name && !EqualsIgnoreCase(option, "lib-ver")) {
    return call.reply.Error("ERR Unrecognized option '" + std::string(option) + "'");
  }
  if (!IsClientName(call.args[3])) {
    return call.reply.Error("ERR " + std::string(name ? "lib-name" : "lib-ver") +
                            " cannot contain spaces, newlines or special characters.");
  }
  (name ? call.session.library_name : call.session.library_version) = call.args[3];
  call.reply.Ok();
}

void ClientReply(Call& call) {
  const std::string_view mode = call.args[2];
  if (EqualsIgnoreCase(mode, "on")) {
    call.session.reply_mode = ReplyMode::kOn;
    call.reply.Ok();
  } else if (EqualsIgnoreCase(mode, "off")) {
    call.session.reply_mode = ReplyMode::kOff;
  } else if (EqualsIgnoreCase(mode, "skip")) {
    if (call.session.reply_mode != ReplyMode::kOff) {
      call.session.reply_mode = ReplyMode::kSkipNext;
    }
  } else {
    call.reply.Error(kSyntaxError);
  }
}

void ClientNoEvict(Call& call) {
  const bool on = EqualsIgnoreCase(call.args[2], "on");
  if (!on && !EqualsIgnoreCase(call.args[2], "off")) return call.reply.Error(kSyntaxError);
  call.session.no_evict = on;
  call.reply.Ok();
}

// --- all connections

// Client ids from args[begin] on; nullopt after answering.
std::optional<std::vector<uint64_t>> IdsOrReply(Call& call, size_t begin) {
  std::vector<uint64_t> ids;
  for (const std::string_view text : call.args.subspan(begin)) {
    const auto id = ParseInt64(text);
    if (!id) {
      call.reply.Error("ERR Invalid client ID");
      return std::nullopt;
    }
    ids.push_back(static_cast<uint64_t>(*id));
  }
  return ids;
}

void ClientList(Call& call) {
  std::function<bool(const Session&)> wanted = [](const Session&) { return true; };
  const Args args = call.args;
  if (args.size() == 4 && EqualsIgnoreCase(args[2], "type")) {
    if (!IsClientTypeName(args[3])) {
      return call.reply.Error("ERR Unknown client type '" + Printed(args[3]) + "'");
    }
    wanted = [type = args[3]](const Session& session) { return HasClientType(session, type); };
  } else if (args.size() > 3 && EqualsIgnoreCase(args[2], "id")) {
    auto ids = IdsOrReply(call, 3);
    if (!ids) return;
    wanted = [ids = std::move(*ids)](const Session& session) {
      return std::find(ids.begin(), ids.end(), session.id) != ids.end();
    };
  } else if (args.size() != 2) {
    return call.reply.Error(kSyntaxError);
  }
  std::string lines;
  const int64_t now = call.worker.now_ms();
  call.worker.ForEachWorker([&](Worker& worker) {
    for (Session* session : worker.sessions()) {
      if (!session->killed && wanted(*session)) lines += ClientInfoLine(*session, now) + "\n";
    }
  });
  call.reply.Verbatim("txt", lines);
}

// Which clients CLIENT KILL closes.
struct KillFilter {
  std::optional<uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<std::string_view> type;
  bool skip_me = true;

  bool Matches(const Session& session, uint64_t own_id) const {
    if (id && session.id != *id) return false;
    if (address && session.transport.peer_address() != *address) return false;
    if (local_address && session.transport.local_address() != *local_address) return false;
    if (type && !HasClientType(session, *type)) return false;
    return !(skip_me && session.id == own_id) && !session.ending();
  }
};

// Parses the new form; false after answering.
bool ParseKillFilter(Call& call, KillFilter& filter) {
  const Args args = call.args;
  for (size_t i = 2; i < args.size(); i += 2) {
    const std::string_view word = args[i];
    if (i + 1 == args.size()) {
      call.reply.Error(kSyntaxError);
      return false;
    }
    const std::string_view value = args[i + 1];
    if (EqualsIgnoreCase(word, "id")) {
      const auto id = ParseInt64(value);
      if (!id || *id < 1) {
        call.reply.Error("ERR client-id should be greater than 0");
        return false;
      }
      filter.id = static_cast<uint64_t>(*id);
    } else if (EqualsIgnoreCase(word, "type")) {
      if (!IsClientTypeName(value)) {
        call.reply.Error("ERR Unknown client type '" + Printed(value) + "'");
        return false;
      }
      filter.type = value;
    } else if (EqualsIgnoreCase(word, "addr")) {
      filter.address = value;
    } else if (EqualsIgnoreCase(word, "laddr")) {
      filter.local_address = value;
    } else if (EqualsIgnoreCase(word, "user")) {
      if (value != "default") {
        call.reply.Error("ERR No such user '" + Printed(value) + "'");
        return false;
      }
    } else if (EqualsIgnoreCase(word, "skipme") && EqualsIgnoreCase(value, "yes")) {
      filter.skip_me = true;
    } else if (EqualsIgnoreCase(word, "skipme") && EqualsIgnoreCase(value, "no")) {
      filter.skip_me = false;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Closes the matching clients and returns how many. This client's own connection gets its reply.
int64_t Kill(Call& call, const KillFilter& filter) {
  int64_t killed = 0;
  const uint64_t own_id = call.session.id;
  bool me = false;
  call.worker.ForEachWorker([&](Worker& worker) {
    for (Session* session : worker.sessions()) {
      if (!filter.Matches(*session, own_id)) continue;
      ++killed;
      if (session->id == own_id) {
        me = true;
        continue;
      }
      // It hears nothing and runs nothing from now on; its own thread closes the socket.
      worker.subscriptions().Drop(*session);
      session->killed = true;
      worker.port().Post([&worker, id = session->id] {
        if (Session* found = worker.FindSession(id)) found->transport.Close();
      });
    }
  });
  if (me) call.session.transport.CloseAfterFlush();
  return killed;
}

void ClientKill(Call& call) {
  KillFilter filter;
  if (call.args.size() == 3) {
    filter.address = call.args[2];
    filter.skip_me = false;
    if (Kill(call, filter) == 0) return call.reply.Error("ERR No such client");
    return call.reply.Ok();
  }
  if (!ParseKillFilter(call, filter)) return;
  call.reply.Integer(Kill(call, filter));
}

// --- CLIENT PAUSE

void ClientPauseCommand(Call& call) {
  PauseMode mode = PauseMode::kAll;
  if (call.args.size() == 4) {
    if (EqualsIgnoreCase(call.args[3], "write")) {
      mode = PauseMode::kWrite;
    } else if (!EqualsIgnoreCase(call.args[3], "all")) {
      return call.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  } else if (call.args.size() != 3) {
    return call.reply.Error(SubcommandSyntaxError(call.args, "CLIENT"));
  }
  const auto timeout = ParseInt64(call.args[2]);
  if (!timeout) return call.reply.Error("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return call.reply.Error("ERR timeout is negative");
  const auto until = CheckedAdd(call.worker.now_ms(), *timeout);
  if (!until) return call.reply.Error("ERR timeout is out of range");
  call.server.pause.Pause(mode, *until);
  call.server.store.SetExpireWrites(false);
  call.reply.Ok();
}

void ClientUnpause(Call& call) {
  call.worker.EndPause();
  call.reply.Ok();
}

void ClientUnblock(Call& call) {
  if (call.args.size() > 4) {
    return call.reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
                            std::string(call.args[1]) + "'. Try CLIENT HELP.");
  }
  if (call.args.size() == 4 && !EqualsIgnoreCase(call.args[3], "timeout") &&
      !EqualsIgnoreCase(call.args[3], "error")) {
    return call.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  if (!IntegerOrReply(call.args[2], call.reply)) return;
  call.reply.Integer(0);  // no command blocks, and CLIENT PAUSE cannot be cut short this way
}

// clang-format off
constexpr auto kClientSubcommands = std::to_array<Command>({
    {.name = "getname", .arity = 2, .flags = kNoscript | kLoading | kStale, .acl = kAclConnection,
     .session = ClientGetname, .summary = "Gives the connection's name.", .since = "2.6.9",
     .group = "connection", .complexity = "O(1)", .container = "client"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = SubcommandHelp, .summary = "Tells the subcommands.", .since = "5.0.0",
     .group = "connection", .complexity = "O(1)", .container = "client"},
    {.name = "id", .arity = 2, .flags = kNoscript | kLoading | kStale, .acl = kAclConnection,
     .session = ClientId, .summary = "Gives the connection's number.", .since = "5.0.0",
     .group = "connection", .complexity = "O(1)", .container = "client"},
    {.name = "info", .arity = 2, .flags = kNoscript | kLoading | kStale, .acl = kAclConnection,
     .session = ClientInfo, .summary = "Tells about this connection.", .since = "6.2.0",
     .group = "connection", .complexity = "O(1)", .container = "client",
     .tips = "nondeterministic_output"},
    {.name = "kill", .arity = -3, .flags = kAdmin | kNoscript | kLoading | kStale | kInspects,
     .acl = kAclConnection, .session = ClientKill, .summary = "Closes connections.",
     .since = "2.4.0", .group = "connection", .container = "client"},
    {.name = "list", .arity = -2, .flags = kAdmin | kNoscript | kLoading | kStale | kInspects,
     .acl = kAclConnection, .session = ClientList, .summary = "Tells about all connections.",
     .since = "2.4.0", .group = "connection", .container = "client",
     .tips = "nondeterministic_output"},
    {.name = "no-evict", .arity = 3, .flags = kAdmin | kNoscript | kLoading | kStale,
     .acl = kAclConnection, .session = ClientNoEvict,
     .summary = "Keeps the connection from eviction.", .since = "7.0.0", .group = "connection",
     .complexity = "O(1)", .container = "client"},
    {.name = "pause", .arity = -3, .flags = kAdmin | kNoscript | kLoading | kStale | kAlone,
     .acl = kAclConnection, .session = ClientPauseCommand, .summary = "Lets clients wait.",
     .since = "2.9.50", .group = "connection", .complexity = "O(1)", .container = "client"},
    {.name = "reply", .arity = 3, .flags = kNoscript | kLoading | kStale, .acl = kAclConnection,
     .session = ClientReply, .summary = "Turns replies on and off.", .since = "3.2.0",
     .group = "connection", .complexity = "O(1)", .container = "client"},
    {.name = "setname", .arity = 3, .flags = kNoscript | kLoading | kStale, .acl = kAclConnection,
     .session = ClientSetname, .summary = "Names the connection.", .since = "2.6.9",
     .group = "connection", .complexity = "O(1)", .container = "client"},
    {.name = "unblock", .arity = -3, .flags = kAdmin | kNoscript | kLoading | kStale,
     .acl = kAclConnection, .session = ClientUnblock,
     .summary = "Ends the wait of a blocked client.", .since = "5.0.0", .group = "connection",
     .container = "client"},
    {.name = "unpause", .arity = 2, .flags = kAdmin | kNoscript | kLoading | kStale | kAlone,
     .acl = kAclConnection, .session = ClientUnpause, .summary = "Lets waiting clients go on.",
     .since = "6.2.0", .group = "connection", .container = "client"},
    {.name = "setinfo", .arity = 4, .flags = kNoscript | kLoading | kStale,
     .acl = kAclConnection, .session = ClientSetinfo,
     .summary = "Tells the client library's name or version.", .since = "7.2.0",
     .group = "connection", .container = "client"},
});

constexpr auto kClientCommands = std::to_array<Command>({
    {.name = "client", .arity = -2, .summary = "Tells about and changes connections.",
     .since = "2.4.0", .group = "connection", .subcommands = kClientSubcommands},
});
// clang-format on

}  // namespace

std::span<const Command> ClientCommands() { return kClientCommands; }

}  // namespace tideway::resp
