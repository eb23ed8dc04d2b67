#include "backend/rocksdb/checkpoint_file.h"

#include <fmt/core.h>

#include <array>
#include <utility>
#include <vector>

#include "backend/rocksdb/bytes.h"
#include "backend/rocksdb/db_options.h"
#include "backend/rocksdb/rocks_status.h"

namespace tideway::backend {
namespace {

constexpr size_t kRecordBytes = 48;
constexpr std::string_view kPathPrefix = "checkpoint-";
constexpr std::string_view kPathSuffix = ".tmp";

}  // namespace

std::string EncodeCheckpointRecord(const CheckpointRecord& record) {
  std::array<char, kRecordBytes> bytes;
  StoreNumber(bytes.data(), record.cut);
  StoreNumber(bytes.data() + 8, record.covers);
  StoreNumber(bytes.data() + 16, record.newest);
  StoreNumber(bytes.data() + 24, record.chunks);
  StoreNumber(bytes.data() + 32, record.bytes);
  StoreNumber(bytes.data() + 40, record.unix_s);
  return std::string(bytes.data(), bytes.size());
}

Result<CheckpointRecord> ParseCheckpointRecord(std::string_view value) {
  if (value.size() != kRecordBytes) {
    return Error{Errc::kCorrupt, "a checkpoint's record has an unknown form"};
  }
  CheckpointRecord record;
  record.cut = LoadNumber<Ticket>(value.data());
  record.covers = LoadNumber<Ticket>(value.data() + 8);
  record.newest = LoadNumber<CommitTs>(value.data() + 16);
  record.chunks = LoadNumber<uint64_t>(value.data() + 24);
  record.bytes = LoadNumber<uint64_t>(value.data() + 32);
  record.unix_s = LoadNumber<int64_t>(value.data() + 40);
  return record;
}

std::string ChunkKey(uint64_t index) {
  std::string key(9, 'c');
  StoreSortable(key.data() + 1, index);
  return key;
}

std::string CheckpointPath(const std::string& dir, uint64_t generation) {
  return fmt::format("{}/{}{}{}", dir, kPathPrefix, generation, kPathSuffix);
}

void RemoveAbandonedCheckpoints(rocksdb::Env* env, const std::string& dir) {
  std::vector<std::string> names;
  if (!env->GetChildren(dir, &names).ok()) return;
  for (const std::string& name : names) {
    if (name.starts_with(kPathPrefix) && name.ends_with(kPathSuffix)) {
      env->DeleteFile(dir + "/" + name).PermitUncheckedError();
    }
  }
}

CheckpointFile::CheckpointFile(rocksdb::Env* env, std::string path)
    : env_(env), path_(std::move(path)) {}

Result<std::unique_ptr<CheckpointFile>> CheckpointFile::Create(rocksdb::Env* env,
                                                               std::string path) {
  std::unique_ptr<CheckpointFile> file(new CheckpointFile(env, std::move(path)));
  file->writer_ =
      std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), CheckpointFileOptions(env));
  const rocksdb::Status opened = file->writer_->Open(file->path_);
  if (!opened.ok()) return FromRocks("cannot begin a checkpoint", opened);
  return file;
}

CheckpointFile::~CheckpointFile() {
  writer_.reset();
  // Already gone when it was taken over. If this fails, the next start removes it.
  env_->DeleteFile(path_).PermitUncheckedError();
}

Status CheckpointFile::Add(std::string_view records) {
  const rocksdb::Status added =
      writer_->Put(ChunkKey(chunks_), rocksdb::Slice(records.data(), records.size()));
  if (!added.ok()) return FromRocks("cannot write a checkpoint", added);
  ++chunks_;
  bytes_ += records.size();
  return Ok();
}

Status CheckpointFile::Finish(CheckpointRecord& record) {
  record.chunks = chunks_;
  record.bytes = bytes_;
  rocksdb::Status status =
      writer_->Put(rocksdb::Slice(kCheckpointRecordKey.data(), kCheckpointRecordKey.size()),
                   EncodeCheckpointRecord(record));
  if (status.ok()) status = writer_->Finish();
  return ToStatus("cannot complete a checkpoint", status);
}

}  // namespace tideway::backend
