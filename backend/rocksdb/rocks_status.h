// RocksDB's statuses as ours. Included only inside backend/rocksdb.
#pragma once

#include <rocksdb/status.h>

#include <string>
#include <string_view>

#include "backend/result.h"

namespace tideway::backend {

/// `what` says what was attempted; RocksDB's own text, which names the file, follows.
Error FromRocks(std::string_view what, const rocksdb::Status& status);
/// Ok() when `status` is.
Status ToStatus(std::string_view what, const rocksdb::Status& status);

}  // namespace tideway::backend
