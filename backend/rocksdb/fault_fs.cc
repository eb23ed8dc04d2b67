#include "backend/rocksdb/fault_fs.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace tideway::backend {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus StatusOf(FaultDisk::Verdict verdict, const std::string& path) {
  switch (verdict) {
    case FaultDisk::Verdict::kOk:
      return IOStatus::OK();
    case FaultDisk::Verdict::kNoSpace:
      return IOStatus::NoSpace("injected: No space left on device", path);
    case FaultDisk::Verdict::kIoError:
    case FaultDisk::Verdict::kHalf:
      break;
  }
  return IOStatus::IOError("injected: Input/output error", path);
}

class FaultWritableFile final : public rocksdb::FSWritableFileWrapper {
 public:
  FaultWritableFile(std::unique_ptr<rocksdb::FSWritableFile> real, std::string path,
                    std::shared_ptr<FaultDisk> disk, std::shared_ptr<UnsyncedFiles::File> file)
      : FSWritableFileWrapper(real.get()),
        real_(std::move(real)),
        path_(std::move(path)),
        disk_(std::move(disk)),
        file_(std::move(file)) {}

  using FSWritableFileWrapper::Append;
  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    const FaultDisk::Verdict verdict = disk_->Before(FaultDisk::Operation::kAppend);
    if (verdict == FaultDisk::Verdict::kOk && disk_->has_capacity()) {
      if (const uint64_t room = disk_->FreeBytesBeside(path_); room < data.size()) {
        Keep(Slice(data.data(), room), options, dbg).PermitUncheckedError();
        return StatusOf(FaultDisk::Verdict::kNoSpace, path_);
      }
    }
    if (verdict == FaultDisk::Verdict::kHalf) {
      const IOStatus half = Keep(Slice(data.data(), data.size() / 2), options, dbg);
      half.PermitUncheckedError();
    }
    if (verdict != FaultDisk::Verdict::kOk) return StatusOf(verdict, path_);
    return Keep(data, options, dbg);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* dbg) override {
    return Append(data, options, dbg);
  }

  IOStatus Sync(const IOOptions& options, IODebugContext* dbg) override {
    const FaultDisk::Verdict verdict = disk_->Before(FaultDisk::Operation::kSync);
    if (!file_) {
      return verdict == FaultDisk::Verdict::kOk ? real_->Sync(options, dbg)
                                                : StatusOf(verdict, path_);
    }
    // Before the file's lock: a power loss takes the locks of all names first, then of each file.
    if (verdict == FaultDisk::Verdict::kOk) disk_->unsynced().NameSynced(path_);
    const std::lock_guard<std::mutex> lock(file_->mu);
    if (verdict != FaultDisk::Verdict::kOk) {
      UnsyncedFiles::LoseTail(*file_);
      return StatusOf(verdict, path_);
    }
    // The process may die, the machine will not: what the operating system has is safe enough.
    return real_->Append(UnsyncedFiles::TakeTail(*file_), options, dbg);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return Sync(options, dbg);
  }

  IOStatus Flush(const IOOptions& options, IODebugContext* dbg) override {
    return file_ ? IOStatus::OK() : real_->Flush(options, dbg);
  }
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();  // promises nothing
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* dbg) override {
    return file_ ? IOStatus::OK() : real_->Truncate(size, options, dbg);
  }
  uint64_t GetFileSize(const IOOptions& options, IODebugContext* dbg) override {
    if (!file_) return real_->GetFileSize(options, dbg);
    const std::lock_guard<std::mutex> lock(file_->mu);
    return file_->on_disk + file_->lost + file_->tail.size();
  }
  bool IsSyncThreadSafe() const override { return true; }

 private:
  IOStatus Keep(const Slice& data, const IOOptions& options, IODebugContext* dbg) {
    if (!file_) return real_->Append(data, options, dbg);
    const std::lock_guard<std::mutex> lock(file_->mu);
    file_->tail.append(data.data(), data.size());
    return IOStatus::OK();
  }

  const std::unique_ptr<rocksdb::FSWritableFile> real_;
  const std::string path_;
  const std::shared_ptr<FaultDisk> disk_;
  const std::shared_ptr<UnsyncedFiles::File> file_;  // absent unless drop-unsynced
};

/// Reads with faults; from memory when the file is not what the real one says.
class FaultSequentialFile final : public rocksdb::FSSequentialFile {
 public:
  FaultSequentialFile(std::unique_ptr<rocksdb::FSSequentialFile> real, std::string path,
                      std::shared_ptr<FaultDisk> disk, std::optional<std::string> content)
      : real_(std::move(real)),
        path_(std::move(path)),
        disk_(std::move(disk)),
        content_(std::move(content)) {}

  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* dbg) override {
    const FaultDisk::Verdict verdict = disk_->Before(FaultDisk::Operation::kRead);
    if (verdict != FaultDisk::Verdict::kOk) return StatusOf(verdict, path_);
    if (!content_) return real_->Read(n, options, result, scratch, dbg);
    const size_t length = std::min(n, content_->size() - position_);
    std::memcpy(scratch, content_->data() + position_, length);
    position_ += length;
    *result = Slice(scratch, length);
    return IOStatus::OK();
  }
  IOStatus Skip(uint64_t n) override {
    if (!content_) return real_->Skip(n);
    position_ = std::min<size_t>(position_ + n, content_->size());
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<rocksdb::FSSequentialFile> real_;
  const std::string path_;
  const std::shared_ptr<FaultDisk> disk_;
  const std::optional<std::string> content_;
  size_t position_ = 0;
};

class FaultRandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  FaultRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile> real, std::string path,
                        std::shared_ptr<FaultDisk> disk, std::optional<std::string> content)
      : real_(std::move(real)),
        path_(std::move(path)),
        disk_(std::move(disk)),
        content_(std::move(content)) {}

  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* dbg) const override {
    const FaultDisk::Verdict verdict = disk_->Before(FaultDisk::Operation::kRead);
    if (verdict != FaultDisk::Verdict::kOk) return StatusOf(verdict, path_);
    if (!content_) return real_->Read(offset, n, options, result, scratch, dbg);
    const size_t begin = std::min<size_t>(offset, content_->size());
    const size_t length = std::min(n, content_->size() - begin);
    std::memcpy(scratch, content_->data() + begin, length);
    *result = Slice(scratch, length);
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<rocksdb::FSRandomAccessFile> real_;
  const std::string path_;
  const std::shared_ptr<FaultDisk> disk_;
  const std::optional<std::string> content_;
};

class FaultDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultDirectory(std::unique_ptr<rocksdb::FSDirectory> real, std::string path,
                 std::shared_ptr<FaultDisk> disk)
      : FSDirectoryWrapper(std::move(real)), path_(std::move(path)), disk_(std::move(disk)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    const FaultDisk::Verdict verdict = disk_->Before(FaultDisk::Operation::kSync);
    if (verdict != FaultDisk::Verdict::kOk) return StatusOf(verdict, path_);
    if (!disk_->drop_unsynced()) return FSDirectoryWrapper::Fsync(options, dbg);
    disk_->unsynced().NamesSynced();
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* dbg,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, dbg);
  }

 private:
  const std::string path_;
  const std::shared_ptr<FaultDisk> disk_;
};

class FaultFs final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultFs(std::shared_ptr<FaultDisk> disk)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(std::move(disk)) {}

  const char* Name() const override { return "TidewayFaultFs"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* dbg) override {
    if (IOStatus status = Ask(FaultDisk::Operation::kCreate, path); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> real;
    IOStatus status = target()->NewWritableFile(path, options, &real, dbg);
    if (!status.ok()) return status;
    std::shared_ptr<UnsyncedFiles::File> file;
    if (disk_->drop_unsynced()) file = disk_->unsynced().Create(path);
    *result = std::make_unique<FaultWritableFile>(std::move(real), path, disk_, std::move(file));
    return status;
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("appending to an old file", path);  // the journal never does
  }
  IOStatus ReuseWritableFile(const std::string& path, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("reusing an old file", path);  // as above
  }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* dbg) override {
    std::unique_ptr<rocksdb::FSSequentialFile> real;
    IOStatus status = target()->NewSequentialFile(path, options, &real, dbg);
    if (!status.ok()) return status;
    *result = std::make_unique<FaultSequentialFile>(std::move(real), path, disk_, Content(path));
    return status;
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* dbg) override {
    std::unique_ptr<rocksdb::FSRandomAccessFile> real;
    IOStatus status = target()->NewRandomAccessFile(path, options, &real, dbg);
    if (!status.ok()) return status;
    *result = std::make_unique<FaultRandomAccessFile>(std::move(real), path, disk_, Content(path));
    return status;
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* dbg) override {
    std::unique_ptr<rocksdb::FSDirectory> real;
    IOStatus status = target()->NewDirectory(path, options, &real, dbg);
    if (status.ok()) *result = std::make_unique<FaultDirectory>(std::move(real), path, disk_);
    return status;
  }

  IOStatus GetFreeSpace(const std::string& path, const IOOptions& options, uint64_t* free_bytes,
                        IODebugContext* dbg) override {
    if (!disk_->has_capacity()) return target()->GetFreeSpace(path, options, free_bytes, dbg);
    *free_bytes = disk_->FreeBytesBeside(path + "/any");
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions& options, uint64_t* size,
                       IODebugContext* dbg) override {
    IOStatus status = target()->GetFileSize(path, options, size, dbg);
    if (const auto file = disk_->unsynced().Find(path); status.ok() && file) {
      const std::lock_guard<std::mutex> lock(file->mu);
      *size = file->on_disk + file->lost + file->tail.size();
    }
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options,
                      IODebugContext* dbg) override {
    if (IOStatus status = Ask(FaultDisk::Operation::kRemove, path); !status.ok()) return status;
    IOStatus status = target()->DeleteFile(path, options, dbg);
    if (status.ok() && disk_->drop_unsynced()) disk_->unsynced().Remove(path);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* dbg) override {
    if (IOStatus status = Ask(FaultDisk::Operation::kRename, from); !status.ok()) return status;
    std::optional<std::string> replaced;
    if (std::string old;
        disk_->drop_unsynced() && rocksdb::ReadFileToString(target(), to, &old).ok())
      replaced = old;
    IOStatus status = target()->RenameFile(from, to, options, dbg);
    if (status.ok() && disk_->drop_unsynced()) {
      disk_->unsynced().Rename(from, to, std::move(replaced));
    }
    return status;
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* dbg) override {
    if (IOStatus status = Ask(FaultDisk::Operation::kRename, from); !status.ok()) return status;
    IOStatus status = target()->LinkFile(from, to, options, dbg);
    if (status.ok() && disk_->drop_unsynced()) disk_->unsynced().Link(from, to);
    return status;
  }

 private:
  IOStatus Ask(FaultDisk::Operation operation, const std::string& path) {
    return StatusOf(disk_->Before(operation), path);
  }

  /// What a reader sees, if that is not what the real file holds.
  std::optional<std::string> Content(const std::string& path) {
    const std::shared_ptr<UnsyncedFiles::File> file = disk_->unsynced().Find(path);
    if (!file) return std::nullopt;
    std::string real;
    rocksdb::ReadFileToString(target(), path, &real).PermitUncheckedError();
    return UnsyncedFiles::Overlay(*file, std::move(real));
  }

  const std::shared_ptr<FaultDisk> disk_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> MakeFaultFs(std::shared_ptr<FaultDisk> disk) {
  return std::make_shared<FaultFs>(std::move(disk));
}

}  // namespace tideway::backend
