// CONFIG: settings of the running server. What they mean stands in resp/config.
#include <array>
#include <string>
#include <vector>

#include "backend/log.h"
#include "resp/authentication.h"
#include "resp/call.h"
#include "resp/command/help.h"
#include "resp/config/config_command.h"
#include "resp/config/rewrite.h"
#include "resp/executor.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

void ConfigGetCommand(Call& call) {
  const auto found = ConfigGet(call.worker.settings(), call.args.subspan(2));
  call.reply.Map(found.size());
  for (const auto& [name, value] : found) {
    call.reply.Bulk(name);
    call.reply.Bulk(value);
  }
}

void ConfigSetCommand(Call& call) {
  const Args pairs = call.args.subspan(2);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (IsSecretArgument(pairs, i)) call.executor.HideArgument(2 + i);
  }
  std::vector<const SettingRow*> changed;
  const Status updated =
      call.server.settings.Update([&](const Settings& current) -> Result<Settings> {
        auto result =
            ConfigSet(current, pairs, Allows(current.enable_protected_configs, call.session));
        if (!result.ok()) return result.error();
        changed = result.value().changed;
        return std::move(result.value().settings);
      });
  if (!updated.ok()) return call.reply.Error("ERR " + updated.error().detail);
  // What follows in this turn, or in this EXEC, sees the new settings.
  call.worker.BeginTurn();
  call.view.set_event_filter(call.worker.settings().notify_keyspace_events);
  for (const SettingRow* row : changed) {
    log::Notice("CONFIG SET {} {} by client id={} addr={}", row->name,
                FormatForLog(*row, call.worker.settings()), call.session.id,
                call.session.transport.peer_address());
  }
  // Also what is no change here: other nodes may have another value.
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const SettingRow* const row = FindSetting(pairs[i]);
    if (!row->Has(kShared)) continue;
    call.server.store.ShareSetting(row->name, FormatSetting(*row, call.worker.settings()));
  }
  call.reply.Ok();
}

void ConfigRewrite(Call& call) {
  const Status written =
      RewriteConfigFile(call.server.settings.config_file(), call.worker.settings());
  if (!written.ok()) return call.reply.Error("ERR " + written.error().detail);
  log::Notice("CONFIG REWRITE executed with success.");
  call.reply.Ok();
}

void ConfigResetstat(Call& call) {
  call.worker.ForEachWorker([](Worker& worker) { worker.stats().Reset(); });
  ServerCounters& counters = call.server.counters;
  counters.connections_received = 0;
  counters.rejected_connections = 0;
  counters.output_limit_disconnections = 0;
  counters.query_limit_disconnections = 0;
  call.server.store.ResetStats();
  call.server.memory.ResetPeak();
  call.reply.Ok();
}

// clang-format off
constexpr auto kConfigSubcommands = std::to_array<Command>({
    {.name = "get", .arity = -3, .flags = kAdmin | kNoscript | kLoading | kStale,
     .session = ConfigGetCommand, .summary = "Gives settings.", .since = "2.0.0",
     .group = "server", .container = "config"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .session = SubcommandHelp,
     .summary = "Tells the subcommands.", .since = "5.0.0", .group = "server",
     .complexity = "O(1)", .container = "config"},
    {.name = "resetstat", .arity = 2, .flags = kAdmin | kNoscript | kLoading | kStale | kInspects,
     .session = ConfigResetstat, .summary = "Sets the counters of INFO to zero.", .since = "2.0.0",
     .group = "server", .complexity = "O(1)", .container = "config"},
    {.name = "rewrite", .arity = 2, .flags = kAdmin | kNoscript | kLoading | kStale,
     .session = ConfigRewrite, .summary = "Writes the settings to the configuration file.",
     .since = "2.8.0", .group = "server", .complexity = "O(1)", .container = "config"},
    {.name = "set", .arity = -4, .flags = kAdmin | kNoscript | kLoading | kStale | kInspects,
     .session = ConfigSetCommand, .summary = "Changes settings.", .since = "2.0.0",
     .group = "server", .container = "config",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded"},
});

constexpr auto kConfigCommands = std::to_array<Command>({
    {.name = "config", .arity = -2, .summary = "Reads and changes settings.", .since = "2.0.0",
     .group = "server", .subcommands = kConfigSubcommands},
});
// clang-format on

}  // namespace

std::span<const Command> ConfigCommands() { return kConfigCommands; }

}  // namespace tideway::resp
