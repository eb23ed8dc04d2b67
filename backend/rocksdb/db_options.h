// How RocksDB is set up for a journal: written once in order, read once in order, never compacted,
// dropped whole. Little memory, few threads, nothing periodic, nothing cached.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <cstddef>

namespace tideway::backend {

/// Of the database.
rocksdb::DBOptions JournalDbOptions(rocksdb::Env* env, size_t write_buffer_bytes);
/// Of each generation and of the default column family.
rocksdb::ColumnFamilyOptions JournalFamilyOptions(size_t write_buffer_bytes);
/// Of the tables that checkpoints are written to.
rocksdb::Options CheckpointFileOptions(rocksdb::Env* env);
/// Of a read from beginning to end.
rocksdb::ReadOptions JournalReadOptions();

}  // namespace tideway::backend
