// Journal records of any origin: reading and replaying them ends in a Status, never in harm, and
// the state that they leave is a state: it encodes to records that rebuild it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "backend/data/keyspace.h"

namespace {

using tideway::backend::ApplyChanges;
using tideway::backend::ChangeBuffer;
using tideway::backend::Keyspace;
using tideway::backend::kStripes;
using tideway::backend::SliceCursor;

constexpr size_t kStringBytesMax = 1 << 16;
constexpr uint32_t kDatabases = 2;

void EncodeAll(const Keyspace& keyspace, ChangeBuffer& out) {
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    for (uint32_t db = 0; db < kDatabases; ++db) {
      SliceCursor cursor;
      while (keyspace.EncodeSlice(stripe, db, cursor, 64, out)) continue;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Keyspace::Options options{.databases = kDatabases, .string_bytes_max = kStringBytesMax};
  Keyspace keyspace(options);
  static_cast<void>(ApplyChanges(keyspace, {reinterpret_cast<const char*>(data), size}));

  ChangeBuffer checkpoint;
  EncodeAll(keyspace, checkpoint);
  Keyspace rebuilt(options);
  if (!ApplyChanges(rebuilt, checkpoint.view()).ok()) std::abort();
  for (uint32_t db = 0; db < kDatabases; ++db) {
    if (rebuilt.KeyCount(db) != keyspace.KeyCount(db)) std::abort();
    if (rebuilt.ExpiringCount(db) != keyspace.ExpiringCount(db)) std::abort();
  }
  return 0;
}
