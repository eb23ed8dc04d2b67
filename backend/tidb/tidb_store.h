// The data in TiDB: any number of nodes over one database, none of which holds anything that its
// death could lose.
#pragma once

#include <memory>

#include "backend/clock.h"
#include "backend/result.h"
#include "backend/store.h"
#include "backend/tidb/address.h"

namespace tideway::backend {

struct TidbStoreOptions {
  TidbAddress address;
  uint32_t databases = 16;
  /// How long a command waits for the database, in ms.
  int64_t backend_timeout_ms = 3'000;
  size_t value_bytes_max = size_t{64} << 20;
  /// Keys that one batch may name.
  size_t txn_keys_max = 100'000;
  StoreSettings settings;
};

/// Connects when the threads are attached. Call BootstrapTidb() first. `clock` must outlive it.
std::unique_ptr<Store> MakeTidbStore(const TidbStoreOptions& options, const Clock& clock);

}  // namespace tideway::backend
