#include "resp/session.h"

#include "resp/worker.h"

namespace tideway::resp {

Session::Session(Worker& its_worker, Transport& its_transport, uint64_t its_id, int64_t now_ms)
    : worker(its_worker),
      transport(its_transport),
      id(its_id),
      created_ms(now_ms),
      last_interaction_ms(now_ms) {
  worker.Add(*this);
}

Session::~Session() {
  DropTransaction();
  if (monitoring) worker.server().monitors.Ended();
  worker.subscriptions().Drop(*this);
  worker.executor().Forget(*this);
  worker.Remove(*this);
}

bool Session::may_enter() const { return authenticated || worker.settings().requirepass.empty(); }

TransactionState& Session::transaction() {
  if (transaction_ == nullptr) transaction_ = std::make_unique<TransactionState>();
  return *transaction_;
}

void Session::DropTransaction() {
  if (transaction_ == nullptr) return;
  worker.executor().EndTransaction(std::move(transaction_));
}

const OutputBufferLimit& OutputLimitOf(const Session& session, const Settings& settings) {
  return session.client_class() == ClientClass::kPubsub ? settings.pubsub_output
                                                        : settings.normal_output;
}

size_t Session::MemoryUsage() const {
  size_t bytes = sizeof(Session) + transport.output().bytes() + transport.input_bytes() +
                 transport.input_free_bytes();
  if (transaction_ != nullptr) {
    bytes += sizeof(TransactionState);
    for (const QueuedCommand& queued : transaction_->queue) {
      for (const std::string& arg : queued.args) bytes += sizeof arg + arg.capacity();
    }
    for (const WatchedKey& watched : transaction_->watched) {
      bytes += sizeof watched + watched.key.capacity();
    }
  }
  constexpr size_t kSubscriptionBytes = 96;  // a map node, the Subscription and its list entry
  return bytes + subscriptions.count() * kSubscriptionBytes;
}

}  // namespace tideway::resp
