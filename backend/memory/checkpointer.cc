#include "backend/memory/checkpointer.h"

#include "backend/log.h"

namespace tideway::backend {
namespace {
// What is encoded while a stripe is held: well under a millisecond.
constexpr size_t kSliceBytes = 128 * 1024;
// What is handed to the journal at once.
constexpr size_t kChunkBytes = 512 * 1024;
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
    const Status status = WriteOne();
    if (!status.ok() && !stop_) log::Warning("Checkpoint failed: {}", status.error().detail);
    running_ = false;
    lock.lock();
  }
}

Status Checkpointer::WriteOne() {
  for (;;) {
    // Read before the checkpoint begins: a swap after that stands in the journal behind it, and
    // slices written after the swap would be swapped twice.
    const uint64_t epoch = keyspace_.swap_epoch();
    auto writer = journal_.BeginCheckpoint();
    if (!writer.ok()) return writer.error();
    if (const Status written = WriteSlices(*writer.value()); !written.ok()) return written;
    if (keyspace_.swap_epoch() == epoch) return writer.value()->Finish(journal_.last());
  }
}

Status Checkpointer::WriteSlices(CheckpointWriter& writer) {
  ChangeBuffer chunk;
  for (uint32_t index = 0; index < Keyspace::stripe_count(); ++index) {
    for (uint32_t db = 0; db < keyspace_.database_count(); ++db) {
      SliceCursor cursor;
      for (bool more = true; more;) {
        if (stop_) return {Errc::kUnavailable, "the server is stopping"};
        {
          std::lock_guard stripe(keyspace_.stripe(index).mutex);
          more = keyspace_.EncodeSlice(index, db, cursor, kSliceBytes, chunk);
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
