#include "backend/rocksdb/journal_db.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "backend/rocksdb/data_dir.h"
#include "backend/rocksdb/db_options.h"
#include "backend/rocksdb/rocks_status.h"

namespace tideway::backend {
namespace {

std::string FamilyName(uint64_t generation) { return fmt::format("g{}", generation); }

/// The number in "g<number>", or 0 when the name has another form.
uint64_t GenerationOf(std::string_view name) {
  uint64_t number = 0;
  if (!name.starts_with('g')) return 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
rocksdb::Slice SliceOf(std::string_view view) { return {view.data(), view.size()}; }

Error OpenError(const std::string& dir, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("/LOCK") != std::string::npos &&
      text.find("ock") != std::string::npos && !status.IsPathNotFound()) {
    const bool ours = text.find("current process") != std::string::npos;
    if (ours || text.find("temporarily unavailable") != std::string::npos) {
      return DataDirInUse(dir, ours);
    }
  }
  Error error = FromRocks(fmt::format("cannot open data directory {}", dir), status);
  if (status.IsPathNotFound()) error.code = Errc::kCorrupt;  // a file that the manifest names
  return error.code == Errc::kCorrupt ? DataDirDamaged(dir, status.ToString()) : error;
}

Error ReadError(const std::string& dir, const rocksdb::Status& status) {
  const Error error = FromRocks(fmt::format("cannot read data directory {}", dir), status);
  return error.code == Errc::kCorrupt ? DataDirDamaged(dir, status.ToString()) : error;
}

}  // namespace

JournalDb::JournalDb(JournalDbConfig config)
    : config_(std::move(config)),
      env_(rocksdb::NewCompositeEnv(MakeCarefulFs(config_.env->GetFileSystem(), permit_))) {}

Result<std::unique_ptr<JournalDb>> JournalDb::Open(const JournalDbConfig& config) {
  const Result<DataDirState> state = PrepareDataDir(config.env, config.dir);
  if (!state.ok()) return state.error();
  std::unique_ptr<JournalDb> db(new JournalDb(config));
  if (Status opened = db->OpenFamilies(state.value() == DataDirState::kFresh); !opened.ok()) {
    for (const std::string& path : db->permit_->Leftovers()) {
      config.env->DeleteFile(path).PermitUncheckedError();
    }
    return opened.error();
  }
  return db;
}

Result<std::unique_ptr<JournalDb>> JournalDb::OpenReadOnly(const JournalDbConfig& config) {
  const Result<DataDirState> state = PrepareDataDir(config.env, config.dir);
  if (!state.ok()) return state.error();
  std::unique_ptr<JournalDb> db(new JournalDb(config));
  if (Status opened = db->OpenFamiliesReadOnly(); !opened.ok()) return opened.error();
  return db;
}

Result<std::vector<rocksdb::ColumnFamilyDescriptor>> JournalDb::ListFamilies(
    const rocksdb::DBOptions& options) const {
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, config_.dir, &names);
  if (!listed.ok()) return OpenError(config_.dir, listed);
  const rocksdb::ColumnFamilyOptions family = JournalFamilyOptions(config_.write_buffer_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) {
    if (name != rocksdb::kDefaultColumnFamilyName && GenerationOf(name) == 0) {
      return Error{Errc::kUnsupported, fmt::format("data directory {} holds an unknown part \"{}\"",
                                                   config_.dir, name)};
    }
    descriptors.emplace_back(name, family);
  }
  return descriptors;
}

Status JournalDb::OpenFamilies(bool fresh) {
  rocksdb::DBOptions options = JournalDbOptions(env_.get(), config_.write_buffer_bytes);
  options.create_if_missing = fresh;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  if (fresh) {
    descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName,
                             JournalFamilyOptions(config_.write_buffer_bytes));
  } else {
    Result<std::vector<rocksdb::ColumnFamilyDescriptor>> listed = ListFamilies(options);
    if (!listed.ok()) return listed.error();
    descriptors = std::move(listed).value();
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(options, config_.dir, descriptors, &handles, &db);
  if (!opened.ok()) return OpenError(config_.dir, opened);
  db_.reset(db);
  AdoptFamilies(std::move(handles));
  return CheckReads();
}

Status JournalDb::OpenFamiliesReadOnly() {
  const rocksdb::Status locked = env_->LockFile(config_.dir + "/LOCK", &lock_);
  if (!locked.ok()) return OpenError(config_.dir, locked);
  const rocksdb::DBOptions options = JournalDbOptions(env_.get(), config_.write_buffer_bytes);
  const Result<std::vector<rocksdb::ColumnFamilyDescriptor>> listed = ListFamilies(options);
  if (!listed.ok()) return listed.error();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::OpenForReadOnly(options, config_.dir, listed.value(), &handles, &db);
  if (!opened.ok()) return OpenError(config_.dir, opened);
  db_.reset(db);
  AdoptFamilies(std::move(handles));
  return CheckReads();
}

/// RocksDB goes on behind what it could not read of a log file, as if it ended there.
Status JournalDb::CheckReads() const {
  if (!permit_->read_failed()) return Ok();
  return Error{Errc::kIo,
               fmt::format("cannot open data directory {}: reading failed", config_.dir)};
}

void JournalDb::AdoptFamilies(std::vector<rocksdb::ColumnFamilyHandle*> handles) {
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    const uint64_t number = GenerationOf(handle->GetName());
    if (number == 0) {
      default_family_ = handle;
    } else {
      families_.push_back({number, handle});
    }
  }
  std::sort(families_.begin(), families_.end(),
            [](const Family& a, const Family& b) { return a.number < b.number; });
}

JournalDb::~JournalDb() {
  if (db_) {
    for (const Family& family : families_) {
      db_->DestroyColumnFamilyHandle(family.handle).PermitUncheckedError();
    }
    db_->DestroyColumnFamilyHandle(default_family_).PermitUncheckedError();
    db_->Close().PermitUncheckedError();
    db_.reset();
  }
  if (lock_ != nullptr) env_->UnlockFile(lock_).PermitUncheckedError();
}

void JournalDb::PermitDeletions() {
  permit_->Give();
  // Looks through the directory for what was left at opening.
  db_->EnableFileDeletions(/*force=*/true).PermitUncheckedError();
}

rocksdb::ColumnFamilyHandle* JournalDb::FamilyOf(uint64_t generation) const {
  for (const Family& family : families_) {
    if (family.number == generation) return family.handle;
  }
  return nullptr;
}

Status JournalDb::StartGeneration() {
  const uint64_t number = newest_generation() + 1;
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  const rocksdb::Status created = db_->CreateColumnFamily(
      JournalFamilyOptions(config_.write_buffer_bytes), FamilyName(number), &handle);
  if (!created.ok()) return FromRocks("cannot begin a journal generation", created);
  families_.push_back({number, handle});
  return Ok();
}

Status JournalDb::Write(uint64_t generation, const Group& group, Ticket durable, bool sync) {
  rocksdb::ColumnFamilyHandle* family = FamilyOf(generation);
  if (family == nullptr) {
    return Error{Errc::kNotFound, fmt::format("journal generation {} is gone", generation)};
  }
  const GroupKey key = EncodeGroupKey(group.first());
  const GroupHeader header = EncodeGroupHeader(group, durable);
  const std::array<rocksdb::Slice, 1> keys = {rocksdb::Slice(key.data(), key.size())};
  const std::array<rocksdb::Slice, 2> values = {rocksdb::Slice(header.data(), header.size()),
                                                SliceOf(group.frames())};
  rocksdb::WriteBatch batch(group.bytes() + 64);
  rocksdb::Status status = batch.Put(family, rocksdb::SliceParts(keys.data(), keys.size()),
                                     rocksdb::SliceParts(values.data(), values.size()));
  rocksdb::WriteOptions options;
  options.sync = sync;
  if (status.ok()) status = db_->Write(options, &batch);
  return ToStatus("cannot write the journal", status);
}

Status JournalDb::Sync() { return ToStatus("cannot sync the journal", db_->SyncWAL()); }

Status JournalDb::Publish(uint64_t generation, const std::string& path) {
  rocksdb::ColumnFamilyHandle* family = FamilyOf(generation);
  if (family == nullptr) {
    return Error{Errc::kNotFound, fmt::format("journal generation {} is gone", generation)};
  }
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  return ToStatus("cannot publish a checkpoint", db_->IngestExternalFile(family, {path}, options));
}

Status JournalDb::DropGenerationsBefore(uint64_t generation) {
  if (families_.empty() || families_.front().number >= generation) return Ok();
  // RocksDB 7.8 crashes now and then when a family goes while its memtable is being flushed.
  db_->PauseBackgroundWork().PermitUncheckedError();
  Status dropped = DropOldFamilies(generation);
  db_->ContinueBackgroundWork().PermitUncheckedError();
  return dropped;
}

Status JournalDb::DropOldFamilies(uint64_t generation) {
  while (!families_.empty() && families_.front().number < generation) {
    rocksdb::ColumnFamilyHandle* handle = families_.front().handle;
    const rocksdb::Status dropped = db_->DropColumnFamily(handle);
    if (!dropped.ok()) return FromRocks("cannot drop an old journal generation", dropped);
    families_.erase(families_.begin());
    // RocksDB may have noted that this family's memtable is full, and looks at its notes at the
    // next write. Until then it would keep the family and its files.
    rocksdb::WriteBatch nothing;
    nothing.PutLogData("dropped").PermitUncheckedError();
    const rocksdb::Status written = db_->Write(rocksdb::WriteOptions(), &nothing);
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    if (!written.ok()) return FromRocks("cannot drop an old journal generation", written);
  }
  return Ok();
}

Result<std::optional<JournalDb::Published>> JournalDb::FindCheckpoint() {
  for (auto family = families_.rbegin(); family != families_.rend(); ++family) {
    std::string value;
    const rocksdb::Status found =
        db_->Get(JournalReadOptions(), family->handle, SliceOf(kCheckpointRecordKey), &value);
    if (found.IsNotFound()) continue;
    if (!found.ok()) return ReadError(config_.dir, found);
    const Result<CheckpointRecord> record = ParseCheckpointRecord(value);
    if (!record.ok()) return DataDirDamaged(config_.dir, record.error().detail);
    return std::optional<Published>({family->number, record.value()});
  }
  return std::optional<Published>();
}

Status JournalDb::ForEachChunk(const Published& published,
                               const std::function<Status(std::string_view)>& fn) {
  rocksdb::ReadOptions options = JournalReadOptions();
  const rocksdb::Slice end = SliceOf(kCheckpointRecordKey);
  options.iterate_upper_bound = &end;
  const std::unique_ptr<rocksdb::Iterator> it(
      db_->NewIterator(options, FamilyOf(published.generation)));
  uint64_t index = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++index) {
    if (View(it->key()) != ChunkKey(index)) break;
    if (Status status = fn(View(it->value())); !status.ok()) return status;
  }
  if (!it->status().ok()) return ReadError(config_.dir, it->status());
  if (index != published.record.chunks) {
    return DataDirDamaged(
        config_.dir, fmt::format("the checkpoint of generation {} has {} chunks, {} were written",
                                 published.generation, index, published.record.chunks));
  }
  return Ok();
}

Status JournalDb::ForEachGroup(uint64_t generation,
                               const std::function<Status(const StoredGroup&)>& fn) {
  const GroupKey begin = EncodeGroupKey(0);
  for (const Family& family : families_) {
    if (family.number < generation) continue;
    const std::unique_ptr<rocksdb::Iterator> it(
        db_->NewIterator(JournalReadOptions(), family.handle));
    for (it->Seek(rocksdb::Slice(begin.data(), begin.size())); it->Valid(); it->Next()) {
      const Result<StoredGroup> group = ParseGroup(View(it->key()), View(it->value()));
      if (!group.ok()) return DataDirDamaged(config_.dir, group.error().detail);
      if (Status status = fn(group.value()); !status.ok()) return status;
    }
    if (!it->status().ok()) return ReadError(config_.dir, it->status());
  }
  return Ok();
}

Status JournalDb::EraseFrom(Ticket first) {
  const GroupKey begin = EncodeGroupKey(first);
  const GroupKey end = EncodeGroupKey(~Ticket{0});
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  for (const Family& family : families_) {
    if (!status.ok()) break;
    status = batch.DeleteRange(family.handle, rocksdb::Slice(begin.data(), begin.size()),
                               rocksdb::Slice(end.data(), end.size()));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  if (status.ok()) status = db_->Write(options, &batch);
  return ToStatus("cannot erase the unsynced tail of the journal", status);
}

}  // namespace tideway::backend
