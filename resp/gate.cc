#include "resp/gate.h"

#include <algorithm>
#include <atomic>
#include <cctype>

#include "backend/log.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

constexpr size_t kShownBytes = 128;  // how much of a client's word an error shows, as in Redis

// What "%.*s" prints: up to `bytes`, ending at a NUL.
std::string_view Shown(std::string_view text, size_t bytes = kShownBytes) {
  text = text.substr(0, bytes);
  return text.substr(0, text.find('\0'));
}

std::string UnknownCommand(const Resolved& command, Args args) {
  if (command.container != nullptr) {
    std::string name(args[0]);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return "ERR unknown subcommand '" + std::string(Shown(args[1])) + "'. Try " +
           std::string(Shown(name, name.size())) + " HELP.";
  }
  std::string shown;
  for (size_t i = 1; i < args.size() && shown.size() < kShownBytes; ++i) {
    const size_t room = kShownBytes - shown.size();
    shown.append("'").append(Shown(args[i], room)).append("' ");
  }
  return "ERR unknown command '" + std::string(Shown(args[0])) +
         "', with args beginning with: " + shown;
}

// Flags of the command, or of all it would run: EXEC acts as what was queued.
uint64_t EffectiveFlags(const Command& row, Session& session) {
  const TransactionState* transaction = session.transaction_if();
  if (!row.Has(kReadsQueue) || transaction == nullptr) return row.flags;
  return row.flags | (transaction->queue_flags & (kWrite | kReadonly | kDenyOom | kMayReplicate));
}

// Empty when the state of the server lets the command run.
std::string ServerRefusal(uint64_t flags, Worker& worker) {
  ServerContext& server = worker.server();
  if ((flags & kDenyOom) != 0 && worker.settings().maxmemory > 0) {
    const uint64_t used = server.memory.Used(server.store.UsedBytes());
    if (used > static_cast<uint64_t>(worker.settings().maxmemory)) {
      return "OOM command not allowed when used memory > 'maxmemory'.";
    }
  }
  if ((flags & kWrite) != 0) return std::string(server.store.WriteRefusal());
  return {};
}

// At most once a minute, as Redis: an attacker should not fill the log.
void WarnOfHttp(const Session& session, Worker& worker) {
  constexpr int64_t kPeriodMs = 60'000;
  std::atomic<int64_t>& due_ms = worker.server().counters.http_warning_due_ms;
  const int64_t now_ms = worker.now_ms();
  int64_t due = due_ms.load(std::memory_order_relaxed);
  if (now_ms < due || !due_ms.compare_exchange_strong(due, now_ms + kPeriodMs)) return;
  log::Warning(
      "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: "
      "commands to the server. This is likely due to an attacker attempting to use Cross Protocol "
      "Scripting to compromise your instance. Connection from {} aborted.",
      session.transport.peer_address());
}

bool MustWait(uint64_t flags, Worker& worker) {
  const ClientPause& pause = worker.server().pause;
  const PauseMode mode = pause.mode();
  if (mode == PauseMode::kNone || pause.Elapsed(worker.now_ms())) return false;
  return mode == PauseMode::kAll || (flags & (kWrite | kMayReplicate)) != 0;
}

}  // namespace

bool IsPaused(const Command& row, Session& session, Worker& worker) {
  return MustWait(EffectiveFlags(row, session), worker);
}

Verdict CheckCommand(const Resolved& command, Args args, Session& session, Worker& worker,
                     std::string& error) {
  const Command* row = command.row;
  const auto refuse = [&](std::string text) {
    // A command that cannot be queued spoils the whole transaction.
    if (row != nullptr && row->Has(kReadsQueue)) {
      session.DropTransaction();
      // The general code goes, one that says more (OOM, MISCONF) stays.
      if (text.starts_with("ERR ")) text = text.substr(4);
      text = "EXECABORT Transaction discarded because of: " + text;
    } else if (session.in_multi()) {
      session.transaction().failed = true;
    }
    error = std::move(text);
    return Verdict::kRefuse;
  };

  if (row == nullptr) return refuse(UnknownCommand(command, args));
  if (row->Has(kRefusesHttp)) {
    WarnOfHttp(session, worker);
    return Verdict::kClose;
  }
  if (!ArityFits(*row, args.size())) {
    return refuse("ERR wrong number of arguments for '" + CommandTable::FullName(*row) +
                  "' command");
  }
  if (!row->Has(kNoAuth) && !session.may_enter()) {
    return refuse("NOAUTH Authentication required.");
  }
  if (row->Has(kNoMulti) && session.in_multi()) {
    return refuse("ERR Command not allowed inside a transaction");
  }
  uint64_t flags = EffectiveFlags(*row, session);
  // What is queued takes memory itself, whatever it will do.
  if (session.in_multi() && !row->Has(kNotQueued)) flags |= kDenyOom;
  if (std::string refusal = ServerRefusal(flags, worker); !refusal.empty()) return refuse(refusal);
  if (session.subscribed() && session.protocol == 2 && !row->Has(kInSubscribed)) {
    return refuse("ERR Can't execute '" + CommandTable::FullName(*row) +
                  "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
                  "this context");
  }
  // Redis treats monitors as replicas, which could evade CLIENT PAUSE this way.
  if (session.monitoring && (flags & (kWrite | kReadonly | kMayReplicate)) != 0) {
    return refuse("ERR Replica can't interact with the keyspace");
  }
  if (MustWait(flags, worker)) return Verdict::kSuspend;
  if (session.in_multi() && !row->Has(kNotQueued)) return Verdict::kQueue;
  return Verdict::kRun;
}

}  // namespace tideway::resp
