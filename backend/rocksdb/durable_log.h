// The journal without threads: what is written, what is durable, and how a broken disk is survived.
//
// Every group that was taken and is not known to be durable is kept in memory. After a failed
// write or fsync nothing that the open files say is trusted: Heal() proves on a fresh file that the
// disk takes and syncs bytes again, opens the database anew and writes all kept groups once more.
// A group keeps its generation and its first ticket, so writing it twice stores it once.
//
// Confined to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/journal.h"
#include "backend/rocksdb/journal_db.h"

namespace tideway::backend {

/// What recovery found.
struct RecoveredLog {
  Ticket last = 0;
  CommitTs newest = 0;
  uint64_t journal_bytes = 0;  // since the checkpoint
  std::optional<CheckpointRecord> checkpoint;
};

class DurableLog {
 public:
  /// With a read-only database it is broken() from the start.
  DurableLog(JournalDbConfig config, std::unique_ptr<JournalDb> db)
      : config_(std::move(config)), db_(std::move(db)), broken_(db_->read_only()) {}

  /// Replays the checkpoint and the journal. kCorrupt when something that was on disk is missing
  /// or damaged. Afterwards everything that was replayed is durable.
  Result<RecoveredLog> Recover(const std::function<Status(std::string_view)>& apply);

  /// Takes groups, which follow those taken before, to be written by the next Write() or Heal().
  void Take(std::vector<Group> groups);
  /// Writes what was taken; with `sync`, durable() is then the newest of it. After an error
  /// broken() holds and nothing but Take() and Heal() does anything.
  Status Write(bool sync);
  /// Makes what was written durable. Errors as Write().
  Status Sync();
  /// Tries to leave broken(): afterwards everything taken is durable.
  Status Heal();
  /// Notes what is durable, so that the next start can tell a damaged end of the journal from one
  /// that was never synced. For an orderly end; failing does not matter.
  void Claim();

  /// Begins a generation for a checkpoint. Everything taken must be written. Errors as Write().
  Status BeginGeneration();
  /// Makes the finished file the checkpoint of its generation and drops older generations.
  Status Publish(uint64_t generation, const std::string& path);

  bool broken() const { return broken_; }
  /// Newest ticket taken, and newest that survives a power loss.
  Ticket last() const { return last_; }
  Ticket durable() const { return durable_; }
  CommitTs newest_commit_ts() const { return newest_; }
  /// Bytes written and not durable.
  size_t unsynced_bytes() const { return unsynced_bytes_; }
  uint64_t generation() const { return db_ ? db_->newest_generation() : 0; }
  const JournalDbConfig& config() const { return config_; }
  uint64_t syncs() const { return syncs_; }

 private:
  struct Kept {
    uint64_t generation;  // 0 until it is written
    Group group;
  };

  Status EndRecovery();
  /// A batch of which the last part was not read yet.
  struct Unfinished {
    Ticket first = 0;  // 0: none
    std::string records;
  };
  Status ReplayGroup(const StoredGroup& group,
                     const std::function<Status(std::string_view)>& replay, CommitTs& newest,
                     Unfinished& unfinished);
  Status EnsureGeneration();
  Status WriteKept(Kept& kept, bool sync);
  void ForgetDurable();
  void ClaimNewLogFile();
  Status Break(Status error);
  Status ProveDisk();

  const JournalDbConfig config_;
  std::unique_ptr<JournalDb> db_;  // absent when it could not be opened anew
  std::deque<Kept> kept_;          // not durable; the first written_ of them were written
  size_t written_ = 0;
  size_t unsynced_bytes_ = 0;
  uint64_t generation_bytes_ = 0;
  uint64_t syncs_ = 0;
  Ticket last_ = 0;
  Ticket durable_ = 0;
  Ticket claimed_ = 0;
  uint64_t claimed_log_files_ = 0;  // of those that db_ created
  uint64_t unpublished_ = 0;        // generation begun for a checkpoint that has not come
  CommitTs newest_ = 0;
  bool broken_;
  // What recovery decided and EndRecovery() has yet to do; later than Recover() on a full disk.
  bool recovery_ended_ = false;
  Ticket erase_from_ = 0;  // 0: nothing
  uint64_t recovered_generation_ = 0;
};

}  // namespace tideway::backend
