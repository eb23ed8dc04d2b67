// A journal that keeps what a disk would, so that a store can be opened from any moment of it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/journal.h"

namespace tideway::test {

/// What recovery finds: a checkpoint and the batches behind it.
struct DiskImage {
  std::vector<std::string> checkpoint;  // chunks
  std::vector<std::pair<backend::CommitTs, std::string>> batches;

  /// As it was when only the first `count` batches were on disk.
  DiskImage Prefix(size_t count) const;
};

/// Every batch is durable when Append returns. Thread-safe.
class MemoryJournal final : public backend::Journal {
 public:
  explicit MemoryJournal(DiskImage image = {});

  DiskImage image() const;
  /// Called on the checkpoint's thread with each chunk, before it is kept: between two slices.
  void set_on_chunk(std::function<void()> hook) { on_chunk_ = std::move(hook); }
  /// Waits until so many checkpoints were begun and all of them have ended.
  void WaitForCheckpoints(int begun);
  int checkpoints_begun() const;
  /// What Stats() tells of the journal's size.
  void set_journal_bytes(uint64_t bytes) { journal_bytes_ = bytes; }

  // --- Journal
  Result<backend::CommitTs> Recover(
      const std::function<Status(std::string_view records)>& replay) override;
  backend::Ticket Append(backend::CommitTs commit_ts, std::string_view records) override;
  backend::Ticket last() const override;
  backend::Ticket durable() const override { return last(); }
  void SetDurableListener(std::function<void(backend::Ticket)>) override {}
  void SetSyncPolicy(backend::SyncPolicy) override {}
  backend::JournalHealth health() const override { return backend::JournalHealth::kHealthy; }
  backend::JournalStats Stats() const override;
  Result<std::unique_ptr<backend::CheckpointWriter>> BeginCheckpoint() override;
  Status Flush() override { return Ok(); }

 private:
  class Writer;

  std::function<void()> on_chunk_;
  std::atomic<uint64_t> journal_bytes_{0};
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable ended_;
  DiskImage image_;
  backend::Ticket first_ = 1;  // of image_.batches
  int begun_ = 0;
  int running_ = 0;
};

}  // namespace tideway::test
