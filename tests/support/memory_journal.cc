#include "tests/support/memory_journal.h"

#include <algorithm>

namespace tideway::test {

using backend::CommitTs;
using backend::JournalStats;
using backend::Ticket;

DiskImage DiskImage::Prefix(size_t count) const {
  DiskImage prefix = *this;
  prefix.batches.resize(count);
  return prefix;
}

class MemoryJournal::Writer final : public backend::CheckpointWriter {
 public:
  explicit Writer(MemoryJournal& journal) : journal_(journal), after_(journal.last()) {
    const std::lock_guard lock(journal_.mutex_);
    ++journal_.begun_;
    ++journal_.running_;
  }
  ~Writer() override {
    const std::lock_guard lock(journal_.mutex_);
    --journal_.running_;
    journal_.ended_.notify_all();
  }

  Status Add(std::string_view records) override {
    if (journal_.on_chunk_) journal_.on_chunk_();
    chunks_.emplace_back(records);
    return Ok();
  }

  Status Finish(Ticket) override {
    const std::lock_guard lock(journal_.mutex_);
    auto& batches = journal_.image_.batches;
    batches.erase(batches.begin(),
                  batches.begin() + static_cast<std::ptrdiff_t>(after_ + 1 - journal_.first_));
    journal_.first_ = after_ + 1;
    journal_.image_.checkpoint = std::move(chunks_);
    return Ok();
  }

 private:
  MemoryJournal& journal_;
  const Ticket after_;  // batches up to here are in the chunks
  std::vector<std::string> chunks_;
};

MemoryJournal::MemoryJournal(DiskImage image) : image_(std::move(image)) {}

DiskImage MemoryJournal::image() const {
  const std::lock_guard lock(mutex_);
  return image_;
}

void MemoryJournal::WaitForCheckpoints(int begun) {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&] { return begun_ >= begun && running_ == 0; });
}

int MemoryJournal::checkpoints_begun() const {
  const std::lock_guard lock(mutex_);
  return begun_;
}

Result<CommitTs> MemoryJournal::Recover(
    const std::function<Status(std::string_view records)>& replay) {
  const DiskImage stored = image();
  CommitTs newest = 0;
  for (const std::string& chunk : stored.checkpoint) {
    if (const Status replayed = replay(chunk); !replayed.ok()) return replayed.error();
  }
  for (const auto& [commit_ts, records] : stored.batches) {
    if (const Status replayed = replay(records); !replayed.ok()) return replayed.error();
    newest = std::max(newest, commit_ts);
  }
  return newest;
}

Ticket MemoryJournal::Append(CommitTs commit_ts, std::string_view records) {
  const std::lock_guard lock(mutex_);
  image_.batches.emplace_back(commit_ts, records);
  return first_ + image_.batches.size() - 1;
}

Ticket MemoryJournal::last() const {
  const std::lock_guard lock(mutex_);
  return first_ + image_.batches.size() - 1;
}

JournalStats MemoryJournal::Stats() const {
  JournalStats stats;
  stats.journal_bytes = journal_bytes_;
  return stats;
}

Result<std::unique_ptr<backend::CheckpointWriter>> MemoryJournal::BeginCheckpoint() {
  return std::unique_ptr<backend::CheckpointWriter>(new Writer(*this));
}

}  // namespace tideway::test
