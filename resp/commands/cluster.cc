// CLUSTER for one node that owns all slots, so that cluster-aware clients feel at home.
#include <array>
#include <string>

#include "resp/call.h"
#include "resp/cluster_slots.h"
#include "resp/command/help.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

// The address at which this client reached us: the one that it can reach again.
struct OwnAddress {
  std::string host;
  int64_t port;
};
OwnAddress AddressFor(const Call& call) {
  const std::string& local = call.session.transport.local_address();
  const size_t colon = local.rfind(':');
  std::string host = local.substr(0, colon);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (call.session.unix_socket) host = "";
  return {host, call.worker.settings().port};
}

void ClusterInfo(Call& call) {
  call.reply.Verbatim(
      "txt",
      "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n"
      "cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:1\r\n"
      "cluster_size:1\r\ncluster_current_epoch:1\r\ncluster_my_epoch:1\r\n"
      "cluster_stats_messages_sent:0\r\ncluster_stats_messages_received:0\r\n"
      "total_cluster_links_buffer_limit_exceeded:0\r\n");
}

void ClusterKeyslot(Call& call) { call.reply.Integer(KeySlot(call.args[2])); }

void ClusterMyid(Call& call) { call.reply.Bulk(call.server.identity.run_id); }

void ClusterNodes(Call& call) {
  const OwnAddress address = AddressFor(call);
  call.reply.Verbatim("txt", call.server.identity.run_id + " " + address.host + ":" +
                                 std::to_string(address.port) + "@" +
                                 std::to_string(address.port + 10000) +
                                 " myself,master - 0 0 1 connected 0-16383\n");
}

void ClusterSlots(Call& call) {
  const OwnAddress address = AddressFor(call);
  call.reply.Array(1);
  call.reply.Array(3);
  call.reply.Integer(0);
  call.reply.Integer(kClusterSlots - 1);
  call.reply.Array(4);
  call.reply.Bulk(address.host);
  call.reply.Integer(address.port);
  call.reply.Bulk(call.server.identity.run_id);
  call.reply.Array(0);
}

void ClusterShards(Call& call) {
  const OwnAddress address = AddressFor(call);
  call.reply.Array(1);
  call.reply.Map(2);
  call.reply.Bulk("slots");
  call.reply.Array(2);
  call.reply.Integer(0);
  call.reply.Integer(kClusterSlots - 1);
  call.reply.Bulk("nodes");
  call.reply.Array(1);
  call.reply.Map(7);
  call.reply.Bulk("id");
  call.reply.Bulk(call.server.identity.run_id);
  call.reply.Bulk("port");
  call.reply.Integer(address.port);
  call.reply.Bulk("ip");
  call.reply.Bulk(address.host);
  call.reply.Bulk("endpoint");
  call.reply.Bulk(address.host);
  call.reply.Bulk("role");
  call.reply.Bulk("master");
  call.reply.Bulk("replication-offset");
  call.reply.Integer(0);
  call.reply.Bulk("health");
  call.reply.Bulk("online");
}

// READONLY and READWRITE choose between a replica's and its master's data: here they are the same.
void AlreadySo(Call& call) { call.reply.Ok(); }

// clang-format off
constexpr auto kClusterSubcommands = std::to_array<Command>({
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .session = SubcommandHelp,
     .summary = "Tells the subcommands.", .since = "5.0.0", .group = "cluster",
     .complexity = "O(1)", .container = "cluster"},
    {.name = "info", .arity = 2, .flags = kStale, .session = ClusterInfo,
     .summary = "Gives figures of the cluster.", .since = "3.0.0", .group = "cluster",
     .complexity = "O(1)", .container = "cluster", .tips = "nondeterministic_output"},
    {.name = "keyslot", .arity = 3, .flags = kStale, .session = ClusterKeyslot,
     .summary = "Gives the slot of a key.", .since = "3.0.0", .group = "cluster",
     .container = "cluster"},
    {.name = "myid", .arity = 2, .flags = kStale, .session = ClusterMyid,
     .summary = "Gives the node's id.", .since = "3.0.0", .group = "cluster", .complexity = "O(1)",
     .container = "cluster"},
    {.name = "nodes", .arity = 2, .flags = kStale, .session = ClusterNodes,
     .summary = "Lists the nodes.", .since = "3.0.0", .group = "cluster", .container = "cluster",
     .tips = "nondeterministic_output"},
    {.name = "shards", .arity = 2, .flags = kStale, .session = ClusterShards,
     .summary = "Lists the shards.", .since = "7.0.0", .group = "cluster", .container = "cluster",
     .tips = "nondeterministic_output"},
    {.name = "slots", .arity = 2, .flags = kStale, .session = ClusterSlots,
     .summary = "Lists the slots.", .since = "3.0.0", .group = "cluster", .container = "cluster",
     .tips = "nondeterministic_output", .deprecated = "7.0.0|"},
});

constexpr auto kClusterCommands = std::to_array<Command>({
    {.name = "cluster", .arity = -2, .summary = "Tells about the cluster of this one node.",
     .since = "3.0.0", .group = "cluster", .subcommands = kClusterSubcommands},
    {.name = "readonly", .arity = 1, .flags = kLoading | kStale | kFast, .acl = kAclConnection,
     .session = AlreadySo, .summary = "Allows reads on a replica; a no-op here.", .since = "3.0.0",
     .group = "cluster", .complexity = "O(1)"},
    {.name = "readwrite", .arity = 1, .flags = kLoading | kStale | kFast, .acl = kAclConnection,
     .session = AlreadySo, .summary = "Ends READONLY; a no-op here.", .since = "3.0.0",
     .group = "cluster", .complexity = "O(1)"},
});
// clang-format on

}  // namespace

std::span<const Command> ClusterCommands() { return kClusterCommands; }

}  // namespace tideway::resp
