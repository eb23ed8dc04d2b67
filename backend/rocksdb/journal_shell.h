// RocksdbJournal: the threads, locks and waits around DurableLog. See rocksdb_journal.h.
//
// Included only inside backend/rocksdb.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "backend/rocksdb/durable_log.h"
#include "backend/rocksdb/pending_groups.h"
#include "backend/rocksdb/rocksdb_journal.h"
#include "backend/rocksdb/writer_schedule.h"

namespace tideway::backend {

class RocksdbJournal final : public Journal {
 public:
  RocksdbJournal(const RocksdbJournalOptions& options, const Clock& clock,
                 std::unique_ptr<rocksdb::Env> own_env, JournalDbConfig config,
                 std::unique_ptr<JournalDb> db);
  /// Writes and syncs what was appended, as far as the disk allows. No checkpoint may be running
  /// and no call may be in progress.
  ~RocksdbJournal() override;

  Result<CommitTs> Recover(const std::function<Status(std::string_view records)>& replay) override;
  Ticket Append(CommitTs commit_ts, std::string_view records) override;
  Ticket last() const override { return last_.load(std::memory_order_acquire); }
  Ticket durable() const override { return durable_.load(std::memory_order_acquire); }
  void SetDurableListener(std::function<void(Ticket durable)> listener) override;
  void SetSyncPolicy(SyncPolicy policy) override;
  JournalHealth health() const override { return health_.load(std::memory_order_relaxed); }
  JournalStats Stats() const override;
  Result<std::unique_ptr<CheckpointWriter>> BeginCheckpoint() override;
  Status Flush() override;

  // --- for the checkpoint, on its thread
  rocksdb::Env* env() const { return log_.config().env; }
  const std::string& dir() const { return log_.config().dir; }
  /// kTooLarge when the disk has not that much and some to spare.
  Status CheckRoomFor(uint64_t checkpoint_bytes) const;
  /// Completes `file` and makes it what recovery starts from. Blocks.
  Status FinishCheckpoint(uint64_t generation, CheckpointFile& file, CheckpointRecord record);
  /// The checkpoint is over, however it ended.
  void EndCheckpoint();

 private:
  /// Something that only the writer may do, and somebody waits for.
  struct Job {
    std::function<Status()> run;
    Status result = Ok();
    bool done = false;
  };

  Status RunOnWriter(std::function<Status()> run);
  Status WaitDurable(Ticket ticket);
  void Wake();

  // Writer thread. Those that take a lock are called with mu_ held and may release it meanwhile.
  void Run();
  WriterView ViewNow();
  void Sleep(std::unique_lock<std::mutex>& lock, int64_t sleep_us);
  void WriteAndSync(std::unique_lock<std::mutex>& lock, bool write, bool sync);
  void RunJobs(std::unique_lock<std::mutex>& lock);
  void Heal(std::unique_lock<std::mutex>& lock);
  void WaitForTheEnd(std::unique_lock<std::mutex>& lock);
  void ReportWork(std::unique_lock<std::mutex>& lock, const Status& status);

  const RocksdbJournalOptions options_;
  const Clock& clock_;
  const std::unique_ptr<rocksdb::Env> own_env_;  // of a fault disk; outlives log_
  std::function<void(Ticket)> listener_;

  std::atomic<Ticket> last_{0};
  std::atomic<Ticket> durable_{0};
  std::atomic<JournalHealth> health_{JournalHealth::kHealthy};

  mutable std::mutex mu_;  // guards what follows; never held during I/O or calls out
  std::condition_variable writer_cv_;
  std::condition_variable space_cv_;  // Append() waits for room
  std::condition_variable done_cv_;   // jobs and waits for durable()
  PendingGroups pending_;
  size_t wake_bytes_ = 0;  // pending bytes at which Append() wakes the writer
  int waiting_appends_ = 0;
  SyncPolicy policy_;
  Ticket sync_target_ = 0;  // somebody waits for this to be durable
  std::deque<std::shared_ptr<Job>> jobs_;
  bool stop_ = false;
  bool stopped_ = false;
  JournalStats stats_;  // without what is computed in Stats()
  uint64_t journal_bytes_at_cut_ = 0;
  uint64_t batches_at_cut_ = 0;

  // Confined to the writer once it runs.
  DurableLog log_;
  int64_t pending_since_us_ = 0;
  int64_t unsynced_since_us_ = 0;

  std::thread writer_;
};

}  // namespace tideway::backend
