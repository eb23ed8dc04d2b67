// The journal's database: generations of records, each with at most one checkpoint.
//
// A generation is a column family "g<number>", numbers growing. It holds the checkpoint that it
// begins with, once that is complete, and the groups that were written since. Recovery reads the
// newest complete checkpoint and the groups of its and all later generations; older generations
// are dropped, which frees their files without compaction.
//
// Included only inside backend/rocksdb. Confined to one thread at a time.
#pragma once

#include <rocksdb/db.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/journal.h"
#include "backend/rocksdb/careful_fs.h"
#include "backend/rocksdb/checkpoint_file.h"
#include "backend/rocksdb/group.h"

namespace tideway::backend {

/// Where the database lies and what it may use.
struct JournalDbConfig {
  std::string dir;
  rocksdb::Env* env = nullptr;  // outlives the database
  size_t write_buffer_bytes = 0;
};

class JournalDb {
 public:
  /// Opens or creates the database. kBusy when another process has it open, kUnsupported when a
  /// newer version wrote it, kCorrupt when files are missing or damaged, kIo for everything that
  /// the operating system refuses; each with a text that says what to do.
  static Result<std::unique_ptr<JournalDb>> Open(const JournalDbConfig& config);
  /// Opens what is there without writing a byte, for a disk that takes none. Only reading works.
  /// Errors as Open().
  static Result<std::unique_ptr<JournalDb>> OpenReadOnly(const JournalDbConfig& config);
  /// Closes. What was written and not synced stays so.
  ~JournalDb();
  JournalDb(const JournalDb&) = delete;
  JournalDb& operator=(const JournalDb&) = delete;

  /// RocksDB's log files begun since the opening.
  uint64_t log_files_created() const { return permit_->log_files_created(); }
  bool read_only() const { return lock_ != nullptr; }
  /// Number of the generation that new groups go to; 0 before the first.
  uint64_t newest_generation() const { return families_.empty() ? 0 : families_.back().number; }
  /// Files that are not needed any more may be deleted, now and later. Until this is called none
  /// is, and none after an error.
  void PermitDeletions();
  bool HasGeneration(uint64_t generation) const { return FamilyOf(generation) != nullptr; }
  /// Begins the next generation. Two fsyncs.
  Status StartGeneration();
  /// Writes one record. A record with the same first ticket in the same generation is replaced.
  /// After an error nothing is known of the record, and every later write fails: open anew.
  Status Write(uint64_t generation, const Group& group, Ticket durable, bool sync);
  /// Makes all that was written durable. Errors as Write().
  Status Sync();

  /// Takes the finished file over as the generation's checkpoint: one atomic, durable step, after
  /// which recovery starts there.
  Status Publish(uint64_t generation, const std::string& path);
  /// Lets go of everything that recovery no longer reads.
  Status DropGenerationsBefore(uint64_t generation);

  /// The newest complete checkpoint and its generation, if there is one.
  struct Published {
    uint64_t generation = 0;
    CheckpointRecord record;
  };
  Result<std::optional<Published>> FindCheckpoint();
  /// Calls fn(records) for each chunk of the generation's checkpoint. kCorrupt when one is missing.
  Status ForEachChunk(const Published& published,
                      const std::function<Status(std::string_view)>& fn);
  /// Calls fn for each group of this and all later generations, in order.
  Status ForEachGroup(uint64_t generation, const std::function<Status(const StoredGroup&)>& fn);
  /// Removes every group at or after `first`, durably.
  Status EraseFrom(Ticket first);

 private:
  struct Family {
    uint64_t number;
    rocksdb::ColumnFamilyHandle* handle;
  };

  explicit JournalDb(JournalDbConfig config);
  Result<std::vector<rocksdb::ColumnFamilyDescriptor>> ListFamilies(
      const rocksdb::DBOptions& options) const;
  Status OpenFamilies(bool fresh);
  Status OpenFamiliesReadOnly();
  Status CheckReads() const;
  void AdoptFamilies(std::vector<rocksdb::ColumnFamilyHandle*> handles);
  rocksdb::ColumnFamilyHandle* FamilyOf(uint64_t generation) const;
  Status DropOldFamilies(uint64_t generation);

  const JournalDbConfig config_;
  const std::shared_ptr<DeletionPermit> permit_ = std::make_shared<DeletionPermit>();
  const std::unique_ptr<rocksdb::Env> env_;  // deletes with permit_ only
  rocksdb::FileLock* lock_ = nullptr;        // ours when read-only: RocksDB takes none then
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_family_ = nullptr;
  std::vector<Family> families_;  // ascending
};

}  // namespace tideway::backend
