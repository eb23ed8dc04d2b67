#include "resp/client_info.h"

#include <fmt/format.h>

#include <array>

#include "resp/command/arguments.h"
#include "resp/command/command_table.h"
#include "resp/session.h"

namespace tideway::resp {
namespace {

constexpr std::array<std::string_view, 5> kTypeNames = {"normal", "slave", "replica", "pubsub",
                                                        "master"};

std::string FlagsOf(Session& session) {
  std::string flags;
  if (session.monitoring) flags += 'O';
  if (session.subscribed()) flags += 'P';
  if (session.in_multi()) flags += 'x';
  if (session.suspension == Suspension::kPaused) flags += 'b';
  if (session.transport.closing()) flags += 'c';
  if (session.unix_socket) flags += 'U';
  if (session.no_evict) flags += 'e';
  return flags.empty() ? "N" : flags;
}

// Redis 7.0 has no such fields: they show once a client has said what it is.
std::string LibraryFields(const Session& session) {
  if (session.library_name.empty() && session.library_version.empty()) return "";
  return " lib-name=" + session.library_name + " lib-ver=" + session.library_version;
}

size_t QueuedBytes(Session& session) {
  const TransactionState* transaction = session.transaction_if();
  size_t bytes = 0;
  if (transaction == nullptr) return bytes;
  for (const QueuedCommand& queued : transaction->queue) {
    for (const std::string& arg : queued.args) bytes += sizeof arg + arg.size();
  }
  return bytes;
}

}  // namespace

std::string ClientInfoLine(Session& session, int64_t now_ms) {
  const SubscriberState& subs = session.subscriptions;
  const Transport& transport = session.transport;
  const OutputQueue& output = session.transport.output();
  const int64_t queued =
      session.in_multi() ? static_cast<int64_t>(session.transaction_if()->queue.size()) : -1;
  std::string command =
      session.last_command == nullptr ? "NULL" : CommandTable::FullName(*session.last_command);
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} "
      "multi={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} rbs=0 rbp=0 obl=0 oll={} omem={} "
      "tot-mem={} events={} cmd={} user=default redir=-1 resp={}{}",
      session.id, transport.peer_address(), transport.local_address(), transport.fd(), session.name,
      (now_ms - session.created_ms) / 1000, (now_ms - session.last_interaction_ms) / 1000,
      FlagsOf(session), session.db, subs.count(ChannelKind::kExact),
      subs.count(ChannelKind::kPattern), subs.count(ChannelKind::kShard), queued,
      transport.input_bytes(), transport.input_free_bytes(), QueuedBytes(session), output.pieces(),
      output.bytes(), session.MemoryUsage(), output.empty() ? "r" : "rw", command, session.protocol,
      LibraryFields(session));
}

bool IsClientTypeName(std::string_view name) {
  for (const std::string_view known : kTypeNames) {
    if (EqualsIgnoreCase(name, known)) return true;
  }
  return false;
}

bool HasClientType(const Session& session, std::string_view name) {
  if (EqualsIgnoreCase(name, "pubsub")) return session.subscribed();
  return EqualsIgnoreCase(name, "normal") && !session.subscribed();
}

}  // namespace tideway::resp
