#include "backend/rocksdb/db_options.h"

#include <rocksdb/table.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <limits>
#include <memory>
#include <string_view>

#include "backend/limits.h"
#include "backend/log.h"
#include "backend/rocksdb/crc32c.h"

namespace tideway::backend {
namespace {

/// Sends RocksDB's errors to our log. Its own LOG file is not written: it grows, is flushed every
/// ten seconds by a thread, and repeats all options at each start.
class LogForwarder final : public rocksdb::Logger {
 public:
  LogForwarder() : rocksdb::Logger(rocksdb::InfoLogLevel::ERROR_LEVEL) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 512> line;
    const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
    if (length > 0) log::Warning("rocksdb: {}", std::string_view(line.data()));
  }
};

/// Only RocksDB's archive refers to crc32c.cc, which some linkers then leave out.
[[gnu::used]] const auto kKeepCrc32c = &Crc32cExtend;

std::shared_ptr<rocksdb::TableFactory> JournalTableFactory() {
  rocksdb::BlockBasedTableOptions table;
  table.no_block_cache = true;           // everything is read once, at start
  table.block_size = 64 * limits::kKiB;  // a record is larger: one block each
  return std::shared_ptr<rocksdb::TableFactory>(rocksdb::NewBlockBasedTableFactory(table));
}

}  // namespace

rocksdb::DBOptions JournalDbOptions(rocksdb::Env* env, size_t write_buffer_bytes) {
  rocksdb::DBOptions options;
  options.env = env;
  options.info_log = std::make_shared<LogForwarder>();

  // Every intact record is handed to RecoveryScan, which knows from the tickets what is missing
  // and whether it was promised. RocksDB's other modes cannot tell a torn tail from damage: they
  // drop what follows silently or refuse what a power loss legitimately leaves.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  options.avoid_flush_during_recovery = false;  // what was read is then on disk anew
  options.avoid_flush_during_shutdown = true;
  options.max_bgerror_resume_count = 0;  // the journal heals itself, from what it kept
  options.max_total_wal_size = 4 * write_buffer_bytes;

  options.max_background_jobs = 2;
  options.max_file_opening_threads = 1;
  options.allow_concurrent_memtable_write = false;  // there is one writer
  options.enable_write_thread_adaptive_yield = false;
  options.writable_file_max_buffer_size = 128 * limits::kKiB;  // larger records are not copied
  options.avoid_unnecessary_blocking_io = true;  // a background thread deletes dropped files

  options.max_open_files = 64;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  options.manifest_preallocation_size = 64 * limits::kKiB;
  options.max_manifest_file_size = 4 * limits::kMiB;
  return options;
}

rocksdb::ColumnFamilyOptions JournalFamilyOptions(size_t write_buffer_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory = JournalTableFactory();
  options.write_buffer_size = write_buffer_bytes;
  options.max_write_buffer_number = 2;
  options.arena_block_size = 64 * limits::kKiB;
  options.compression = rocksdb::kNoCompression;
  options.disable_auto_compactions = true;
  options.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  options.level0_stop_writes_trigger = std::numeric_limits<int>::max();
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  return options;
}

rocksdb::Options CheckpointFileOptions(rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  options.table_factory = JournalTableFactory();
  options.compression = rocksdb::kNoCompression;
  options.bytes_per_sync = 1 * limits::kMiB;  // no burst at the end that fsyncs would wait behind
  return options;
}

rocksdb::ReadOptions JournalReadOptions() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 * limits::kMiB;
  return options;
}

}  // namespace tideway::backend
