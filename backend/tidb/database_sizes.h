// How many keys the databases have, as far as this node knows: counting is a scan in TiDB.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "backend/store.h"

namespace tideway::backend {

/// Written by the housekeeper now and then, read by INFO. Thread-safe.
class DatabaseSizes {
 public:
  explicit DatabaseSizes(uint32_t databases) : sizes_(databases) {}

  std::vector<DatabaseStats> Get() const {
    const std::lock_guard lock(mutex_);
    return sizes_;
  }
  void Set(std::vector<DatabaseStats> sizes) {
    const std::lock_guard lock(mutex_);
    sizes_ = std::move(sizes);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<DatabaseStats> sizes_;
};

}  // namespace tideway::backend
