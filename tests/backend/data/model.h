// The keyspace as ordinary containers: what the random tests compare with.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>

#include "backend/data/keyspace.h"
#include "backend/view.h"

namespace tideway::backend {

struct ModelValue {
  std::variant<std::string, std::map<std::string, std::string>, std::set<std::string>> value;
  int64_t expire_at_ms = kNoExpiry;
  bool operator==(const ModelValue&) const = default;
};

using ModelDb = std::map<std::string, ModelValue>;
using Model = std::map<uint32_t, ModelDb>;  // databases without keys are left out

/// Everything stored, due or not.
Model ModelOf(Keyspace& keyspace);

}  // namespace tideway::backend
