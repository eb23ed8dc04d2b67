// A journal under a script: batches become durable when the test says so, and it can fail.
//
//   FaultyJournal journal(MakeNullJournal());
//   journal.Hold();                    // nothing becomes durable
//   … journal.Append(…) == 7 …
//   journal.ReleaseUpTo(7);            // durable() is 7, the listener hears of it
//   journal.Fail("disk full");         // health() is kFailing until Heal()
#pragma once

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

/// Decorates any journal. Thread-safe; the listener is called on the thread that calls
/// ReleaseUpTo(), Release() or Heal(), and, while nothing is held, on the one that appends.
class FaultyJournal final : public backend::Journal {
 public:
  using Ticket = backend::Ticket;

  explicit FaultyJournal(std::unique_ptr<backend::Journal> real) : real_(std::move(real)) {}

  // --- the script
  /// From now on nothing becomes durable by itself.
  void Hold();
  /// Everything up to `ticket` is durable.
  void ReleaseUpTo(Ticket ticket);
  /// Ends Hold(): everything appended is durable, and what follows at once.
  void Release();
  /// The disk breaks: health() is kFailing, nothing becomes durable, Flush and checkpoints fail.
  void Fail(std::string error);
  /// The disk works again: what was appended meanwhile becomes durable, unless held.
  void Heal();
  /// Checkpoints fail after so many chunks; -1: never.
  void FailCheckpointsAfter(int chunks);
  /// What was appended, in order of tickets.
  std::vector<std::string> Appended() const;

  // --- Journal
  Result<backend::CommitTs> Recover(
      const std::function<Status(std::string_view records)>& replay) override;
  Ticket Append(backend::CommitTs commit_ts, std::string_view records) override;
  Ticket last() const override { return real_->last(); }
  Ticket durable() const override;
  void SetDurableListener(std::function<void(Ticket durable)> listener) override;
  void SetSyncPolicy(backend::SyncPolicy policy) override { real_->SetSyncPolicy(policy); }
  backend::JournalHealth health() const override;
  backend::JournalStats Stats() const override;
  Result<std::unique_ptr<backend::CheckpointWriter>> BeginCheckpoint() override;
  /// Blocks while held, as on a disk that takes its time.
  Status Flush() override;

 private:
  void Advance(std::unique_lock<std::mutex>& lock, Ticket ticket);

  const std::unique_ptr<backend::Journal> real_;
  std::function<void(Ticket)> listener_;
  mutable std::mutex mu_;  // guards the rest; never held while the listener runs
  std::condition_variable moved_;
  Ticket durable_ = 0;
  bool held_ = false;
  bool failing_ = false;
  std::string error_;
  int checkpoint_chunks_ = -1;
  std::vector<std::string> appended_;
};

}  // namespace tideway::test
