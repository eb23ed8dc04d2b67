#include <atomic>
#include <memory>
#include <utility>

#include "backend/journal.h"

namespace tideway::backend {
namespace {

class NullCheckpoint final : public CheckpointWriter {
 public:
  explicit NullCheckpoint(std::atomic<bool>& running) : running_(running) {}
  ~NullCheckpoint() override { running_ = false; }

  Status Add(std::string_view) override { return Ok(); }
  Status Finish(Ticket) override { return Ok(); }

 private:
  std::atomic<bool>& running_;
};

/// Counts tickets and keeps nothing. Every batch is durable when Append returns, so nobody ever
/// waits and the listener is never called: Append's caller holds stripes that it may want.
class NullJournal final : public Journal {
 public:
  Result<CommitTs> Recover(const std::function<Status(std::string_view)>&) override {
    return CommitTs{0};
  }

  Ticket Append(CommitTs, std::string_view records) override {
    appended_bytes_.fetch_add(records.size(), std::memory_order_relaxed);
    return last_.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  Ticket last() const override { return last_.load(std::memory_order_relaxed); }
  Ticket durable() const override { return last(); }
  void SetDurableListener(std::function<void(Ticket)>) override {}
  void SetSyncPolicy(SyncPolicy) override {}
  JournalHealth health() const override { return JournalHealth::kHealthy; }

  JournalStats Stats() const override {
    JournalStats stats;
    stats.appended_batches = last();
    stats.appended_bytes = appended_bytes_.load(std::memory_order_relaxed);
    stats.checkpoint_running = checkpoint_running_;
    return stats;
  }

  Result<std::unique_ptr<CheckpointWriter>> BeginCheckpoint() override {
    if (checkpoint_running_.exchange(true)) {
      return Error{Errc::kBusy, "a checkpoint is already running"};
    }
    return std::unique_ptr<CheckpointWriter>(new NullCheckpoint(checkpoint_running_));
  }

  Status Flush() override { return Ok(); }

 private:
  std::atomic<Ticket> last_{0};
  std::atomic<uint64_t> appended_bytes_{0};
  std::atomic<bool> checkpoint_running_{false};
};

}  // namespace

std::unique_ptr<Journal> MakeNullJournal() { return std::make_unique<NullJournal>(); }

}  // namespace tideway::backend
