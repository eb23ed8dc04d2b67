#include "backend/rocksdb/careful_fs.h"

#include <string>
#include <string_view>
#include <utility>

namespace tideway::backend {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// True for the files that say which others belong to the database.
bool IsNaming(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with("MANIFEST-") || name == "CURRENT" || name.ends_with(".dbtmp");
}

class CarefulFile final : public rocksdb::FSWritableFileWrapper {
 public:
  CarefulFile(std::unique_ptr<rocksdb::FSWritableFile> real, std::shared_ptr<DeletionPermit> permit,
              bool naming)
      : FSWritableFileWrapper(real.get()),
        real_(std::move(real)),
        permit_(std::move(permit)),
        naming_(naming) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    return See(real_->Append(data, options, dbg));
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* dbg) override {
    return See(real_->Append(data, options, info, dbg));
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* dbg) override {
    return See(real_->Truncate(size, options, dbg));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* dbg) override {
    return See(real_->Close(options, dbg));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* dbg) override {
    return See(real_->Flush(options, dbg));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* dbg) override {
    return See(real_->Sync(options, dbg));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return See(real_->Fsync(options, dbg));
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& options,
                     IODebugContext* dbg) override {
    return See(real_->RangeSync(offset, bytes, options, dbg));
  }

 private:
  IOStatus See(IOStatus status) {
    return naming_ ? permit_->SeeNaming(std::move(status)) : permit_->See(std::move(status));
  }

  const std::unique_ptr<rocksdb::FSWritableFile> real_;
  const std::shared_ptr<DeletionPermit> permit_;
  const bool naming_;
};

class CarefulReader final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  CarefulReader(std::unique_ptr<rocksdb::FSSequentialFile> real,
                std::shared_ptr<DeletionPermit> permit)
      : FSSequentialFileOwnerWrapper(std::move(real)), permit_(std::move(permit)) {}

  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* dbg) override {
    return permit_->SeeRead(FSSequentialFileOwnerWrapper::Read(n, options, result, scratch, dbg));
  }

 private:
  const std::shared_ptr<DeletionPermit> permit_;
};

class CarefulDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  CarefulDirectory(std::unique_ptr<rocksdb::FSDirectory> real,
                   std::shared_ptr<DeletionPermit> permit)
      : FSDirectoryWrapper(std::move(real)), permit_(std::move(permit)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return permit_->SeeNaming(FSDirectoryWrapper::Fsync(options, dbg));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* dbg,
                               const rocksdb::DirFsyncOptions& dir_options) override {
    return permit_->SeeNaming(FSDirectoryWrapper::FsyncWithDirOptions(options, dbg, dir_options));
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
    const bool naming = IsNaming(path);
    IOStatus status = target()->NewWritableFile(path, options, &real, dbg);
    status = naming ? permit_->SeeNaming(std::move(status)) : permit_->See(std::move(status));
    if (!status.ok()) return status;
    permit_->Created(path);
    *result = std::make_unique<CarefulFile>(std::move(real), permit_, naming);
    return status;
  }
  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* dbg) override {
    std::unique_ptr<rocksdb::FSSequentialFile> real;
    IOStatus status = target()->NewSequentialFile(path, options, &real, dbg);
    if (status.ok()) *result = std::make_unique<CarefulReader>(std::move(real), permit_);
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
    // Before it is tried: a rename that failed may have happened.
    permit_->Renamed(from, to);
    return permit_->SeeNaming(target()->RenameFile(from, to, options, dbg));
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* dbg) override {
    IOStatus status = permit_->See(target()->LinkFile(from, to, options, dbg));
    if (status.ok()) permit_->Created(to);
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options,
                      IODebugContext* dbg) override {
    if (!permit_->MayDelete(path)) return IOStatus::OK();
    return target()->DeleteFile(path, options, dbg);
  }

 private:
  const std::shared_ptr<DeletionPermit> permit_;
};

bool IsFailure(const IOStatus& status) { return !status.ok() && !status.IsNotSupported(); }

}  // namespace

IOStatus DeletionPermit::See(IOStatus status) {
  if (IsFailure(status)) failed_ = true;
  return status;
}

IOStatus DeletionPermit::SeeNaming(IOStatus status) {
  if (IsFailure(status)) naming_failed_ = true;
  return See(std::move(status));
}

IOStatus DeletionPermit::SeeRead(IOStatus status) {
  if (IsFailure(status)) read_failed_ = true;
  return status;
}

void DeletionPermit::Created(const std::string& path) {
  if (path.ends_with(".log")) ++log_files_;
  const std::lock_guard<std::mutex> lock(mu_);
  created_.insert(path);
}

void DeletionPermit::Renamed(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> lock(mu_);
  if (created_.erase(from) > 0) created_.insert(to);
  if (to.ends_with("/CURRENT")) switched_ = true;
}

bool DeletionPermit::MayDelete(const std::string& path) const {
  if (given_ && !failed_) return true;
  if (naming_failed_) return false;
  const std::lock_guard<std::mutex> lock(mu_);
  return created_.contains(path);
}

std::vector<std::string> DeletionPermit::Leftovers() const {
  const std::lock_guard<std::mutex> lock(mu_);
  if (switched_) return {};
  return {created_.begin(), created_.end()};
}

std::shared_ptr<rocksdb::FileSystem> MakeCarefulFs(std::shared_ptr<rocksdb::FileSystem> real,
                                                   std::shared_ptr<DeletionPermit> permit) {
  return std::make_shared<CarefulFs>(std::move(real), std::move(permit));
}

}  // namespace tideway::backend
