// The data directory as such: that it exists, is ours, is of a version we read, and who holds it.
//
// Included only inside backend/rocksdb.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "backend/journal.h"

namespace tideway::backend {

/// Version of what we store: raised when an older tideway could not read it any more.
inline constexpr uint64_t kFormatVersion = 1;
/// Names the version, in one line of text. Written first, so that it is there whenever data is.
inline constexpr std::string_view kFormatFile = "tideway.format";

/// Whether a database is already there.
enum class DataDirState : uint8_t { kFresh, kUsed };

/// Creates the directory where needed and checks what is in it. kUnsupported when a newer version
/// wrote it, kCorrupt when it holds something else or lost files, kIo when it cannot be used.
Result<DataDirState> PrepareDataDir(rocksdb::Env* env, const std::string& dir);

/// Bytes of RocksDB's log files in the directory: what opening it may write once more.
uint64_t LogFileBytes(rocksdb::Env* env, const std::string& dir);

/// Notes, durably, that everything up to `durable` is on disk. What is recovered later must reach
/// it: a damaged end of the journal cannot otherwise be told from an end that was never synced.
/// Written where it costs little: at an orderly end and after a checkpoint.
Status WriteClaim(rocksdb::Env* env, const std::string& dir, Ticket durable);
/// The newest claim, 0 when there is none.
Result<Ticket> ReadClaim(rocksdb::Env* env, const std::string& dir);

/// The error of a directory whose contents are not what was written; `what` names it.
Error DataDirDamaged(const std::string& dir, std::string_view what);

/// The error of a directory that another process has open, with that process's id when the system
/// tells it.
Error DataDirInUse(const std::string& dir, bool by_this_process);

}  // namespace tideway::backend
