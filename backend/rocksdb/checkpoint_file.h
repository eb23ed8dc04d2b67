// A checkpoint while it is written: one sorted table outside the database, taken in whole at the
// end. Until then it is a file that nobody refers to, so a crash leaves the old checkpoint valid.
//
//   'c' · index (8, big-endian)   one chunk of change records
//   'e'                           CheckpointRecord, the last key: proof that the file is complete
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/sst_file_writer.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "backend/journal.h"

namespace tideway::backend {

/// What recovery has to know of a checkpoint.
struct CheckpointRecord {
  Ticket cut = 0;       // newest ticket that the journal of this generation does not repeat
  Ticket covers = 0;    // newest ticket whose effect may be in a chunk; >= cut
  CommitTs newest = 0;  // newest commit timestamp at the time
  uint64_t chunks = 0;
  uint64_t bytes = 0;  // of the chunks
  int64_t unix_s = 0;  // when it was finished
};

std::string EncodeCheckpointRecord(const CheckpointRecord& record);
Result<CheckpointRecord> ParseCheckpointRecord(std::string_view value);

/// Key of chunk `index`, and of the record.
std::string ChunkKey(uint64_t index);
inline constexpr std::string_view kCheckpointRecordKey = "e";

/// Where a checkpoint of that generation is written.
std::string CheckpointPath(const std::string& dir, uint64_t generation);
/// Removes what checkpoints that were never completed left behind. None may be running.
void RemoveAbandonedCheckpoints(rocksdb::Env* env, const std::string& dir);

/// Writes one checkpoint to a new file. One thread.
class CheckpointFile {
 public:
  /// Creates `path`. kIo when that fails.
  static Result<std::unique_ptr<CheckpointFile>> Create(rocksdb::Env* env, std::string path);
  /// Removes the file if it was not taken over.
  ~CheckpointFile();
  CheckpointFile(const CheckpointFile&) = delete;
  CheckpointFile& operator=(const CheckpointFile&) = delete;

  Status Add(std::string_view records);
  /// Completes and syncs the file; `record`'s chunks and bytes are filled in here.
  Status Finish(CheckpointRecord& record);

  const std::string& path() const { return path_; }

 private:
  CheckpointFile(rocksdb::Env* env, std::string path);

  rocksdb::Env* const env_;
  const std::string path_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  uint64_t chunks_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace tideway::backend
