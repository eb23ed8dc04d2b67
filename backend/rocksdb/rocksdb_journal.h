// The journal that ships: RocksDB as an append-only store of batches, with checkpoints.
//
//   RocksdbJournalOptions options;
//   options.dir = "/var/lib/tideway";
//   auto journal = OpenRocksdbJournal(options, clock); // who holds the directory, which version
//   if (!journal.ok()) …;                             // journal.error().detail is for an operator
//   auto newest = journal.value()->Recover(replay);   // before anything else
//
// What it does under failure: a write or fsync that fails makes health() kFailing at once. Batches
// that were appended and are not durable stay in memory; every 100 ms to 1 s the disk is tried with
// a fresh file, and when it takes bytes again the database is opened anew, those batches are
// written and synced once more, and health() is kHealthy. durable() never moves for anything less.
// While failing, Append() still takes the batches of commands that were already running and never
// blocks; the caller refuses new writes.
//
// Threads: one writer of its own and, in RocksDB, two background threads and a timer. All of them
// sleep while nothing is appended.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "backend/clock.h"
#include "backend/journal.h"
#include "backend/limits.h"
#include "backend/result.h"

namespace tideway::backend {

class FaultDisk;

struct RocksdbJournalOptions {
  /// The data directory: created if needed, and used for nothing else.
  std::string dir;
  SyncPolicy sync = SyncPolicy::kEverySec;

  // Sizes, see limits.h; tests make them small.
  size_t pending_bytes_max = limits::kJournalPendingBytesMax;
  size_t group_bytes = limits::kJournalGroupBytes;
  size_t part_bytes = limits::kJournalPartBytes;
  size_t unsynced_bytes_max = limits::kJournalUnsyncedBytesMax;
  size_t write_buffer_bytes = limits::kJournalWriteBufferBytes;
  /// First pause before a failing disk is tried again; later ones double up to a second.
  std::chrono::milliseconds heal_after{100};

  /// Test-only: a disk that fails on request (backend/rocksdb/fault_disk.h). When absent, the
  /// environment variable TIDEWAY_FAULT_FS can ask for one.
  std::shared_ptr<FaultDisk> fault_disk;
};

/// Opens or creates the journal in `options.dir`. kBusy when the directory is in use, kUnsupported
/// when a newer version wrote it, kCorrupt when it is damaged, kIo when the operating system
/// refuses; each with a text that names the directory and says what to do. `clock` tells the times
/// of checkpoints and outlives the journal.
Result<std::unique_ptr<Journal>> OpenRocksdbJournal(const RocksdbJournalOptions& options,
                                                    const Clock& clock);

}  // namespace tideway::backend
