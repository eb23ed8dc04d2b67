// One client as the commands know it: who it is, what it selected, watches, queues and hears.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/store.h"
#include "resp/command/command.h"
#include "resp/config/settings.h"
#include "resp/subscriptions.h"
#include "resp/transport.h"

namespace tideway::resp {

class Worker;

/// A key that WATCH remembers, and its revision then.
struct WatchedKey {
  uint32_t db;
  std::string key;
  uint64_t revision;
  int64_t at_ms;  // the store's time of WATCH
};

/// A command that MULTI queued: its row and its own copy of the arguments.
struct QueuedCommand {
  const Command* row;
  size_t index;  // Resolved::index
  std::vector<std::string> args;
};

/// State of MULTI and WATCH; exists only while used.
struct TransactionState {
  bool open = false;    // between MULTI and EXEC/DISCARD
  bool failed = false;  // a command was refused while queueing: EXECABORT
  std::vector<QueuedCommand> queue;
  uint64_t queue_flags = 0;  // union of the queued rows' flags
  std::vector<WatchedKey> watched;
};

/// CLIENT REPLY modes.
enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipping };

/// Why a session does not go on with its input.
enum class Suspension : uint8_t {
  kNone,
  kPaused,    // CLIENT PAUSE
  kInFlight,  // a batch of this client is pending in the store
  kAsking,    // a command of this client asks other nodes
};

/// Classes of client-output-buffer-limit.
enum class ClientClass : uint8_t { kNormal, kReplica, kPubsub };

/// Confined to its I/O thread. Another thread may read it (CLIENT LIST) while it holds the worker's
/// turn, see worker.h.
class Session {
 public:
  Session(Worker& worker, Transport& transport, uint64_t id, int64_t now_ms);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Worker& worker;
  Transport& transport;
  const uint64_t id;

  // --- who
  std::string name;
  std::string library_name;  // CLIENT SETINFO
  std::string library_version;
  bool authenticated = false;
  uint8_t protocol = 2;
  uint32_t db = 0;
  bool unix_socket = false;

  // --- modes
  ReplyMode reply_mode = ReplyMode::kOn;
  Suspension suspension = Suspension::kNone;
  bool monitoring = false;
  bool no_evict = false;
  bool killed = false;  // CLIENT KILL of another client: runs nothing more

  // --- figures
  int64_t created_ms;           // monotonic
  int64_t last_interaction_ms;  // monotonic
  const Command* last_command = nullptr;
  int64_t over_soft_limit_since_ms = 0;  // monotonic; 0 = not over
  uint64_t commands = 0;
  size_t input_peak = 0;  // most bytes that waited to be parsed

  // --- transactions
  TransactionState& transaction();  // creates it
  bool in_multi() const { return transaction_ != nullptr && transaction_->open; }
  TransactionState* transaction_if() { return transaction_.get(); }
  /// Ends MULTI and WATCH.
  void DropTransaction();
  /// Takes back that a command ended them, because it runs again.
  void RestoreTransaction(std::unique_ptr<TransactionState> transaction) {
    transaction_ = std::move(transaction);
  }

  // --- subscriptions
  SubscriberState subscriptions;
  /// The running batch's reply must not leave before this is registered on the bus; 0: nothing.
  cdc::Ticket awaited_ticket = 0;
  bool awaits_bus = false;  // see Worker::HoldReply

  /// May use the data: has logged in, or nobody needs to (any more).
  bool may_enter() const;
  /// Nothing more of its input is run.
  bool ending() const { return killed || transport.closing(); }

  RespVersion resp_version() const { return protocol == 3 ? RespVersion::k3 : RespVersion::k2; }
  bool subscribed() const { return subscriptions.count() != 0; }
  ClientClass client_class() const {
    return subscribed() ? ClientClass::kPubsub : ClientClass::kNormal;
  }
  /// Bytes this client makes the server hold (tot-mem), without kernel buffers.
  size_t MemoryUsage() const;

  /// Intrusive place in the worker's list of sessions.
  size_t slot = 0;

 private:
  std::unique_ptr<TransactionState> transaction_;
};

/// client-output-buffer-limit of the client's class.
const OutputBufferLimit& OutputLimitOf(const Session& session, const Settings& settings);

}  // namespace tideway::resp
