#include "tests/support/faulty_journal.h"

#include <algorithm>

namespace tideway::test {
namespace {

using backend::CheckpointWriter;
using backend::JournalHealth;
using backend::JournalStats;
using backend::Ticket;

/// Fails after a number of chunks.
class FaultyCheckpoint final : public CheckpointWriter {
 public:
  FaultyCheckpoint(std::unique_ptr<CheckpointWriter> real, int chunks)
      : real_(std::move(real)), left_(chunks) {}

  Status Add(std::string_view records) override {
    if (left_ == 0) return Error{Errc::kIo, "injected: the disk is full"};
    if (left_ > 0) --left_;
    return real_->Add(records);
  }
  Status Finish(Ticket covers) override {
    if (left_ == 0) return Error{Errc::kIo, "injected: the disk is full"};
    return real_->Finish(covers);
  }

 private:
  const std::unique_ptr<CheckpointWriter> real_;
  int left_;
};

}  // namespace

void FaultyJournal::Hold() {
  const std::lock_guard<std::mutex> lock(mu_);
  held_ = true;
}

void FaultyJournal::ReleaseUpTo(Ticket ticket) {
  std::unique_lock<std::mutex> lock(mu_);
  Advance(lock, ticket);
}

void FaultyJournal::Release() {
  std::unique_lock<std::mutex> lock(mu_);
  held_ = false;
  Advance(lock, last());
}

void FaultyJournal::Fail(std::string error) {
  const std::lock_guard<std::mutex> lock(mu_);
  failing_ = true;
  error_ = std::move(error);
  moved_.notify_all();
}

void FaultyJournal::Heal() {
  std::unique_lock<std::mutex> lock(mu_);
  failing_ = false;
  if (!held_) Advance(lock, last());
}

void FaultyJournal::FailCheckpointsAfter(int chunks) {
  const std::lock_guard<std::mutex> lock(mu_);
  checkpoint_chunks_ = chunks;
}

std::vector<std::string> FaultyJournal::Appended() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return appended_;
}

Result<backend::CommitTs> FaultyJournal::Recover(
    const std::function<Status(std::string_view records)>& replay) {
  Result<backend::CommitTs> recovered = real_->Recover(replay);
  const std::lock_guard<std::mutex> lock(mu_);
  durable_ = real_->durable();
  return recovered;
}

Ticket FaultyJournal::Append(backend::CommitTs commit_ts, std::string_view records) {
  std::unique_lock<std::mutex> lock(mu_);
  const Ticket ticket = real_->Append(commit_ts, records);
  appended_.emplace_back(records);
  if (!held_ && !failing_) Advance(lock, ticket);
  return ticket;
}

Ticket FaultyJournal::durable() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return durable_;
}

void FaultyJournal::SetDurableListener(std::function<void(Ticket durable)> listener) {
  listener_ = std::move(listener);
}

JournalHealth FaultyJournal::health() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return failing_ ? JournalHealth::kFailing : real_->health();
}

JournalStats FaultyJournal::Stats() const {
  JournalStats stats = real_->Stats();
  const std::lock_guard<std::mutex> lock(mu_);
  if (failing_) stats.health = JournalHealth::kFailing;
  if (!error_.empty()) stats.last_error = error_;
  return stats;
}

Result<std::unique_ptr<CheckpointWriter>> FaultyJournal::BeginCheckpoint() {
  int chunks = -1;
  {
    const std::lock_guard<std::mutex> lock(mu_);
    if (failing_) return Error{Errc::kIo, error_};
    chunks = checkpoint_chunks_;
  }
  Result<std::unique_ptr<CheckpointWriter>> real = real_->BeginCheckpoint();
  if (!real.ok()) return real.error();
  return std::unique_ptr<CheckpointWriter>(new FaultyCheckpoint(std::move(real).value(), chunks));
}

Status FaultyJournal::Flush() {
  std::unique_lock<std::mutex> lock(mu_);
  const Ticket target = last();
  moved_.wait(lock, [&] { return durable_ >= target || failing_; });
  if (durable_ >= target) return Ok();
  return Error{Errc::kIo, error_};
}

void FaultyJournal::Advance(std::unique_lock<std::mutex>& lock, Ticket ticket) {
  ticket = std::min(ticket, last());
  if (ticket <= durable_) return;
  durable_ = ticket;
  moved_.notify_all();
  if (!listener_) return;
  lock.unlock();
  listener_(ticket);
  lock.lock();
}

}  // namespace tideway::test
