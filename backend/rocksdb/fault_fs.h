// A RocksDB file system over a FaultDisk. Test-only. Included only inside backend/rocksdb.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

#include "backend/rocksdb/fault_disk.h"

namespace tideway::backend {

/// The default file system with the faults of `disk`.
std::shared_ptr<rocksdb::FileSystem> MakeFaultFs(std::shared_ptr<FaultDisk> disk);

}  // namespace tideway::backend
