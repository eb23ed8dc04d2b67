// A file system that deletes nothing while it is not known to be right: before recovery has
// accepted what was found, and after a write has failed.
//
// A database that is opened deletes what it takes for left over. If its MANIFEST has lost its end,
// that is the data; so until recovery has compared what there is with what was promised, all files
// stay, and an expert has something to work with.
//
// When the write of RocksDB's MANIFEST fails, nobody knows whether the record is on disk. RocksDB
// takes it for not written and deletes the table that the record names; if it is there after all,
// the database cannot be opened any more. So after the first failed write or sync nothing is
// deleted: the journal closes the database and opens it anew, which finds out what the record says
// and deletes what is then left over.
//
// What an opening has written itself is its own to delete, as long as no record of RocksDB's can
// name it: on a full disk each try would otherwise leave half a table behind, and the tries would
// eat all space that an operator frees.
//
// Included only inside backend/rocksdb.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace tideway::backend {

/// Which files may be deleted, and what went wrong; shared by a database and its file system.
/// Thread-safe.
class DeletionPermit {
 public:
  /// Files that were there before may go, too.
  void Give() { given_ = true; }
  /// Takes it back for good if `status` is a failure. Returns `status`.
  rocksdb::IOStatus See(rocksdb::IOStatus status);
  /// The same for what says which files belong to the database; after a failure none may go.
  rocksdb::IOStatus SeeNaming(rocksdb::IOStatus status);
  rocksdb::IOStatus SeeRead(rocksdb::IOStatus status);

  void Created(const std::string& path);
  void Renamed(const std::string& from, const std::string& to);
  uint64_t log_files_created() const { return log_files_; }
  bool MayDelete(const std::string& path) const;

  /// A file that is read from its beginning could not be: RocksDB takes that for its end.
  bool read_failed() const { return read_failed_; }
  /// What was created and is not needed, after an opening that failed: nothing once the file that
  /// names the database's state was touched.
  std::vector<std::string> Leftovers() const;

 private:
  std::atomic<bool> given_{false};
  std::atomic<bool> failed_{false};
  std::atomic<bool> naming_failed_{false};
  std::atomic<bool> read_failed_{false};
  std::atomic<uint64_t> log_files_{0};
  mutable std::mutex mu_;
  std::set<std::string> created_;  // guarded by mu_
  bool switched_ = false;          // guarded by mu_: CURRENT names what this opening wrote
};

/// `real`, where deleting does nothing unless `permit` allows it. One for each opening of a
/// database.
std::shared_ptr<rocksdb::FileSystem> MakeCarefulFs(std::shared_ptr<rocksdb::FileSystem> real,
                                                   std::shared_ptr<DeletionPermit> permit);

}  // namespace tideway::backend
