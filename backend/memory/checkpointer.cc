#include "backend/memory/checkpointer.h"

#include <chrono>
#include <utility>

#include "backend/log.h"

namespace tideway::backend {
namespace {
// What is encoded while a stripe is held: well under a millisecond.
constexpr size_t kSliceBytes = 128 * 1024;
// What is handed to the journal at once.
constexpr size_t kChunkBytes = 512 * 1024;
// How often the beginning is tried before SWAPDB, and whoever needs that stripe, waits for it.
constexpr int kAttemptsBesideSwaps = 3;
}  // namespace

Status Checkpointer::Start() {
  std::lock_guard lock(mutex_);
  if (stop_ || running_.exchange(true)) {
    return {Errc::kBusy, "a checkpoint is being written already"};
  }
  wanted_ = true;
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  wake_.notify_one();
  return Ok();
}

void Checkpointer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || wanted_; });
    if (stop_) return;
    wanted_ = false;
    lock.unlock();
    const auto begin = std::chrono::steady_clock::now();
    const Status status = WriteOne();
    if (!status.ok() && !stop_) log::Warning("Checkpoint failed: {}", status.error().detail);
    failures_ = status.ok() ? 0 : failures_ + 1;
    last_seconds_ =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin)
            .count();
    running_ = false;
    lock.lock();
  }
}

Status Checkpointer::WriteOne() {
  std::vector<uint32_t> tables;
  const auto writer = Begin(tables);
  if (!writer.ok()) return writer.error();
  if (Status room = writer.value()->Expect(keyspace_.UsedBytes()); !room.ok()) return room;
  if (Status written = WriteSlices(*writer.value(), tables); !written.ok()) return written;
  return writer.value()->Finish(journal_.last());
}

/// `tables`: the number of each database's tables at the place in the journal where the checkpoint
/// begins. A swap in between would stand on the wrong side of it.
Result<std::unique_ptr<CheckpointWriter>> Checkpointer::Begin(std::vector<uint32_t>& tables) {
  const auto note_tables = [&] {
    tables.clear();
    for (uint32_t db = 0; db < keyspace_.database_count(); ++db) {
      tables.push_back(keyspace_.table_of(db));
    }
  };
  for (int attempt = 0; attempt < kAttemptsBesideSwaps; ++attempt) {
    uint64_t epoch = 0;
    {
      std::lock_guard stripe(keyspace_.stripe(0).mutex);
      epoch = keyspace_.swap_epoch();
      note_tables();
    }
    auto writer = journal_.BeginCheckpoint();
    if (!writer.ok() || keyspace_.swap_epoch() == epoch) return writer;
  }
  // Nobody swaps while a stripe is held.
  std::lock_guard stripe(keyspace_.stripe(0).mutex);
  note_tables();
  return journal_.BeginCheckpoint();
}

Status Checkpointer::WriteSlices(CheckpointWriter& writer, const std::vector<uint32_t>& tables) {
  ChangeBuffer chunk;
  for (uint32_t index = 0; index < Keyspace::stripe_count(); ++index) {
    for (uint32_t db = 0; db < tables.size(); ++db) {
      SliceCursor cursor;
      for (bool more = true; more;) {
        if (stop_) return {Errc::kUnavailable, "the server is stopping"};
        {
          std::lock_guard stripe(keyspace_.stripe(index).mutex);
          more = keyspace_.EncodeTable(index, tables[db], db, cursor, kSliceBytes, chunk);
        }
        if (chunk.size() < kChunkBytes) continue;
        if (const Status added = writer.Add(chunk.view()); !added.ok()) return added;
        chunk.Clear();
      }
    }
  }
  return chunk.empty() ? Ok() : writer.Add(chunk.view());
}

}  // namespace tideway::backend
