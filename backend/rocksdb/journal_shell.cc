#include "backend/rocksdb/journal_shell.h"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <limits>
#include <utility>

#include "backend/log.h"
#include "backend/rocksdb/checkpoint_file.h"
#include "backend/rocksdb/db_checkpoint.h"

namespace tideway::backend {

RocksdbJournal::RocksdbJournal(const RocksdbJournalOptions& options, const Clock& clock,
                               std::unique_ptr<rocksdb::Env> own_env, JournalDbConfig config,
                               std::unique_ptr<JournalDb> db)
    : options_(options),
      clock_(clock),
      own_env_(std::move(own_env)),
      pending_(options.group_bytes, options.part_bytes),
      policy_(options.sync),
      log_(std::move(config), std::move(db)) {}

RocksdbJournal::~RocksdbJournal() {
  if (!writer_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mu_);
    stop_ = true;
    Wake();
  }
  writer_.join();
}

Result<CommitTs> RocksdbJournal::Recover(
    const std::function<Status(std::string_view records)>& replay) {
  assert(!writer_.joinable());
  Result<RecoveredLog> recovered = log_.Recover(replay);
  if (!recovered.ok()) return recovered.error();
  const RecoveredLog& found = recovered.value();
  last_ = found.last;
  durable_ = found.last;
  stats_.journal_bytes = found.journal_bytes;
  if (found.checkpoint) {
    stats_.checkpoint_bytes = found.checkpoint->bytes;
    stats_.last_checkpoint_unix_s = found.checkpoint->unix_s;
  }
  if (log_.broken()) {
    stats_.last_error = "the data directory could not be opened for writing";
    health_ = JournalHealth::kFailing;
  }
  writer_ = std::thread([this] { Run(); });
  return found.newest;
}

Ticket RocksdbJournal::Append(CommitTs commit_ts, std::string_view records) {
  std::unique_lock<std::mutex> lock(mu_);
  assert(writer_.joinable());
  while (pending_.bytes() >= options_.pending_bytes_max && health() == JournalHealth::kHealthy) {
    ++waiting_appends_;
    space_cv_.wait(lock);
    --waiting_appends_;
  }
  const Ticket ticket = pending_.Add(last_.load(std::memory_order_relaxed) + 1, commit_ts, records);
  last_.store(ticket, std::memory_order_release);
  ++stats_.appended_batches;
  stats_.appended_bytes += records.size();
  stats_.journal_bytes += records.size() + kFrameHeaderBytes;
  const bool wake = pending_.bytes() >= wake_bytes_;
  if (wake) wake_bytes_ = std::numeric_limits<size_t>::max();
  lock.unlock();
  if (wake) writer_cv_.notify_one();
  return ticket;
}

void RocksdbJournal::SetDurableListener(std::function<void(Ticket durable)> listener) {
  listener_ = std::move(listener);
}

void RocksdbJournal::SetSyncPolicy(SyncPolicy policy) {
  const std::lock_guard<std::mutex> lock(mu_);
  // Batches that began to wait under kAlways get their sync, whatever the new policy is.
  if (policy_ == SyncPolicy::kAlways) sync_target_ = std::max(sync_target_, last());
  policy_ = policy;
  Wake();
}

JournalStats RocksdbJournal::Stats() const {
  const std::lock_guard<std::mutex> lock(mu_);
  JournalStats stats = stats_;
  stats.health = health();
  stats.pending_bytes = pending_.bytes();
  return stats;
}

void RocksdbJournal::Wake() {
  wake_bytes_ = std::numeric_limits<size_t>::max();
  writer_cv_.notify_one();
}

Status RocksdbJournal::RunOnWriter(std::function<Status()> run) {
  const auto job = std::make_shared<Job>();
  job->run = std::move(run);
  std::unique_lock<std::mutex> lock(mu_);
  jobs_.push_back(job);
  Wake();
  done_cv_.wait(lock, [&] { return job->done || stopped_; });
  if (!job->done) return Error{Errc::kUnavailable, "the journal is closing"};
  return job->result;
}

Status RocksdbJournal::WaitDurable(Ticket ticket) {
  std::unique_lock<std::mutex> lock(mu_);
  sync_target_ = std::max(sync_target_, ticket);
  Wake();
  done_cv_.wait(
      lock, [&] { return durable() >= ticket || health() == JournalHealth::kFailing || stopped_; });
  if (durable() >= ticket) return Ok();
  return Error{Errc::kIo, "the journal cannot be written: " + stats_.last_error};
}

Status RocksdbJournal::Flush() { return WaitDurable(last()); }

Result<std::unique_ptr<CheckpointWriter>> RocksdbJournal::BeginCheckpoint() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    if (stats_.checkpoint_running) return Error{Errc::kBusy, "a checkpoint is already running"};
    stats_.checkpoint_running = true;
  }
  // Whoever begins the checkpoint looks at the data only after this returns: whatever was appended
  // until now is in what it will see, and the journal before the cut can go.
  uint64_t generation = 0;
  Ticket cut = 0;
  Status begun = RunOnWriter([&] {
    Status status = log_.BeginGeneration();
    generation = log_.generation();
    cut = log_.last();
    const std::lock_guard<std::mutex> lock(mu_);
    journal_bytes_at_cut_ = stats_.journal_bytes - pending_.bytes();
    batches_at_cut_ = stats_.appended_batches;
    return status;
  });
  Result<std::unique_ptr<CheckpointFile>> file =
      begun.ok() ? CheckpointFile::Create(env(), CheckpointPath(dir(), generation))
                 : Result<std::unique_ptr<CheckpointFile>>(begun.error());
  if (!file.ok()) {
    EndCheckpoint();
    return file.error();
  }
  return std::unique_ptr<CheckpointWriter>(
      new DbCheckpoint(*this, generation, cut, std::move(file).value()));
}

Status RocksdbJournal::CheckRoomFor(uint64_t checkpoint_bytes) const {
  const uint64_t needed = checkpoint_bytes + 4 * options_.write_buffer_bytes;
  uint64_t free_bytes = 0;
  if (!env()->GetFreeSpace(dir(), &free_bytes).ok() || free_bytes >= needed) return Ok();
  return Error{Errc::kTooLarge,
               fmt::format("{} has {} bytes free, {} are needed", dir(), free_bytes, needed)};
}

Status RocksdbJournal::FinishCheckpoint(uint64_t generation, CheckpointFile& file,
                                        CheckpointRecord record) {
  record.covers = std::max(record.covers, record.cut);
  if (Status durable = WaitDurable(record.covers); !durable.ok()) return durable;
  record.unix_s = clock_.WallMs() / 1000;
  // Everything up to `covers` was taken, so its newest timestamp is known to the log.
  Status newest = RunOnWriter([&] {
    record.newest = log_.newest_commit_ts();
    return Ok();
  });
  if (!newest.ok()) return newest;
  if (Status finished = file.Finish(record); !finished.ok()) return finished;
  Status published = RunOnWriter([&] { return log_.Publish(generation, file.path()); });
  if (!published.ok()) return published;
  const std::lock_guard<std::mutex> lock(mu_);
  stats_.checkpoint_bytes = record.bytes;
  stats_.last_checkpoint_unix_s = record.unix_s;
  stats_.journal_bytes -= journal_bytes_at_cut_;
  stats_.batches_before_checkpoint = batches_at_cut_;
  return Ok();
}

void RocksdbJournal::EndCheckpoint() {
  const std::lock_guard<std::mutex> lock(mu_);
  stats_.checkpoint_running = false;
}

}  // namespace tideway::backend
