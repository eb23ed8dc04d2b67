#include "backend/rocksdb/careful_fs.h"

#include <string>
#include <utility>

namespace tideway::backend {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class CarefulFile final : public rocksdb::FSWritableFileWrapper {
 public:
  CarefulFile(std::unique_ptr<rocksdb::FSWritableFile> real, std::shared_ptr<DeletionPermit> permit)
      : FSWritableFileWrapper(real.get()), real_(std::move(real)), permit_(std::move(permit)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    return permit_->See(real_->Append(data, options, dbg));
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* dbg) override {
    return permit_->See(real_->Append(data, options, info, dbg));
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* dbg) override {
    return permit_->See(real_->Truncate(size, options, dbg));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* dbg) override {
    return permit_->See(real_->Close(options, dbg));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* dbg) override {
    return permit_->See(real_->Flush(options, dbg));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* dbg) override {
    return permit_->See(real_->Sync(options, dbg));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return permit_->See(real_->Fsync(options, dbg));
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& options,
                     IODebugContext* dbg) override {
    return permit_->See(real_->RangeSync(offset, bytes, options, dbg));
  }

 private:
  const std::unique_ptr<rocksdb::FSWritableFile> real_;
  const std::shared_ptr<DeletionPermit> permit_;
};

class CarefulDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  CarefulDirectory(std::unique_ptr<rocksdb::FSDirectory> real,
                   std::shared_ptr<DeletionPermit> permit)
      : FSDirectoryWrapper(std::move(real)), permit_(std::move(permit)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return permit_->See(FSDirectoryWrapper::Fsync(options, dbg));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* dbg,
                               const rocksdb::DirFsyncOptions& dir_options) override {
    return permit_->See(FSDirectoryWrapper::FsyncWithDirOptions(options, dbg, dir_options));
  }

 private:
  const std::shared_ptr<DeletionPermit> permit_;
};

class CarefulFs final : public rocksdb::FileSystemWrapper {
 public:
  CarefulFs(std::shared_ptr<rocksdb::FileSystem> real, std::shared_ptr<DeletionPermit> permit)
      : FileSystemWrapper(std::move(real)), permit_(std::move(permit)) {}

  const char* Name() const override { return "TidewayCarefulFs"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* dbg) override {
    std::unique_ptr<rocksdb::FSWritableFile> real;
    IOStatus status = permit_->See(target()->NewWritableFile(path, options, &real, dbg));
    if (status.ok()) *result = std::make_unique<CarefulFile>(std::move(real), permit_);
    return status;
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* dbg) override {
    std::unique_ptr<rocksdb::FSDirectory> real;
    IOStatus status = permit_->See(target()->NewDirectory(path, options, &real, dbg));
    if (status.ok()) *result = std::make_unique<CarefulDirectory>(std::move(real), permit_);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* dbg) override {
    return permit_->See(target()->RenameFile(from, to, options, dbg));
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* dbg) override {
    return permit_->See(target()->LinkFile(from, to, options, dbg));
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options,
                      IODebugContext* dbg) override {
    if (!permit_->holds()) return IOStatus::OK();
    return target()->DeleteFile(path, options, dbg);
  }

 private:
  const std::shared_ptr<DeletionPermit> permit_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> MakeCarefulFs(std::shared_ptr<rocksdb::FileSystem> real,
                                                   std::shared_ptr<DeletionPermit> permit) {
  return std::make_shared<CarefulFs>(std::move(real), std::move(permit));
}

}  // namespace tideway::backend
