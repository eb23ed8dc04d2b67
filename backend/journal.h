// The seam between the embedded store and the disk: an ordered journal of change records with
// checkpoints. Engines: rocksdb/ (the one that ships) and NullJournal (the in-memory twin).
//
// The journal is the durable form of the keyspace: recovery replays the newest complete checkpoint
// and then every later batch, in ticket order. What comes back is always a prefix of the tickets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "backend/clock.h"
#include "backend/result.h"

namespace tideway::backend {

/// Place of one batch in the journal: 1, 2, 3 … in append order. A large batch takes several
/// places; its ticket is the last of them.
using Ticket = uint64_t;

/// When an appended batch becomes durable (Redis's `appendfsync`).
enum class SyncPolicy : uint8_t {
  kAlways,    // before the reply; batches of all threads share one fsync
  kEverySec,  // written within milliseconds, not before the reply; fsync once a second
  kNo,        // the same, fsync left to the operating system
};

/// State of the disk below. Writes are refused (-MISCONF) unless kHealthy; reads go on.
enum class JournalHealth : uint8_t { kHealthy, kFailing };

/// Figures for INFO persistence. Counters since start; sizes in bytes.
struct JournalStats {
  JournalHealth health = JournalHealth::kHealthy;
  std::string last_error;  // empty when none since start
  uint64_t appended_batches = 0;
  uint64_t batches_before_checkpoint = 0;  // of them, when the newest complete one began
  uint64_t appended_bytes = 0;
  uint64_t syncs = 0;
  uint64_t pending_bytes = 0;     // appended, not yet written to the OS
  uint64_t journal_bytes = 0;     // since the last checkpoint
  uint64_t checkpoint_bytes = 0;  // of the newest complete checkpoint
  int64_t last_checkpoint_unix_s = 0;
  bool checkpoint_running = false;
  bool last_checkpoint_ok = true;
  int64_t last_checkpoint_seconds = -1;  // that the newest one took, complete or not; -1: none yet
};

/// Receives the chunks of one checkpoint. One thread. Dropping it without Finish() discards it.
class CheckpointWriter {
 public:
  virtual ~CheckpointWriter() = default;
  /// About how many bytes will come. kTooLarge when there is no room for them: better known before
  /// the disk is full than after.
  virtual Status Expect(uint64_t bytes) {
    static_cast<void>(bytes);
    return Ok();
  }
  /// A chunk of change records (a few hundred KB is a good size) that, replayed, rebuild a part of
  /// the keyspace.
  virtual Status Add(std::string_view records) = 0;
  /// Makes the checkpoint the one that recovery starts from, once every batch up to `covers` (the
  /// newest ticket whose effect may be in a chunk) is durable, and then lets go of older journal
  /// batches and checkpoints. Blocks.
  virtual Status Finish(Ticket covers) = 0;
};

/// Thread-safe unless said otherwise.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Replays what is stored: `replay(records)` for each checkpoint chunk and then each batch, in
  /// order, on the calling thread. Call once, before anything else. The newest commit timestamp
  /// found comes back so that the clock can be raised above it.
  virtual Result<CommitTs> Recover(
      const std::function<Status(std::string_view records)>& replay) = 0;

  /// Appends one batch's change records and returns its ticket. Callers hold the stripes the batch
  /// wrote, so ticket order is the order in which dependent batches saw each other. Copies the
  /// bytes, however many; costs a lock and a memcpy; blocks only when pending_bytes_max is passed.
  virtual Ticket Append(CommitTs commit_ts, std::string_view records) = 0;

  /// Newest ticket handed out, and newest ticket that would survive a power loss.
  virtual Ticket last() const = 0;
  virtual Ticket durable() const = 0;

  /// `listener(durable)` is called from the journal's thread each time durable() moves; it must not
  /// block. Set before Recover and not again.
  virtual void SetDurableListener(std::function<void(Ticket durable)> listener) = 0;

  virtual void SetSyncPolicy(SyncPolicy policy) = 0;
  virtual JournalHealth health() const = 0;  // cheap: one relaxed load
  virtual JournalStats Stats() const = 0;

  /// Starts a checkpoint; batches with tickets after the call stay in the journal until the next
  /// one. kBusy when one is running.
  virtual Result<std::unique_ptr<CheckpointWriter>> BeginCheckpoint() = 0;

  /// Writes and syncs everything appended. Blocks. Used at shutdown and by tests.
  virtual Status Flush() = 0;
};

/// The journal of `storage memory`: everything is "durable" at once and forgotten.
std::unique_ptr<Journal> MakeNullJournal();

}  // namespace tideway::backend
