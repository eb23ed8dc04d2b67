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
// Included only inside backend/rocksdb.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

namespace tideway::backend {

/// Whether files may be deleted; shared by a database and its file system. Thread-safe.
class DeletionPermit {
 public:
  void Give() { given_ = true; }
  /// Takes it back for good if `status` is a failure. Returns `status`.
  rocksdb::IOStatus See(rocksdb::IOStatus status) {
    if (!status.ok() && !status.IsNotSupported()) failed_ = true;
    return status;
  }
  bool holds() const { return given_ && !failed_; }

 private:
  std::atomic<bool> given_{false};
  std::atomic<bool> failed_{false};
};

/// `real`, where deleting does nothing unless `permit` holds. One for each opening of a database.
std::shared_ptr<rocksdb::FileSystem> MakeCarefulFs(std::shared_ptr<rocksdb::FileSystem> real,
                                                   std::shared_ptr<DeletionPermit> permit);

}  // namespace tideway::backend
