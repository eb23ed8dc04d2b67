// Values of rows of any origin: loading them ends in a Status, never in harm; and what was loaded
// encodes to bytes that load to the same again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "backend/tidb/value_codec.h"

namespace {

using namespace tideway::backend;  // NOLINT: a program of its own

constexpr std::string_view kKey = "key";

/// All elements, in an order that does not depend on the form in memory.
std::vector<std::pair<std::string, std::string>> Elements(uint8_t type, std::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> elements;
  const auto add = [&](std::string_view field, std::string_view value) {
    elements.emplace_back(field, value);
  };
  tideway::Status read = tideway::Ok();
  if (type == static_cast<uint8_t>(ValueType::kHash)) {
    read = ReadHash(bytes, add);
  } else if (type == static_cast<uint8_t>(ValueType::kSet)) {
    read = ReadSet(bytes, [&](std::string_view member) { add(member, ""); });
  } else {
    add(bytes, "");
  }
  if (!read.ok()) std::abort();
  std::sort(elements.begin(), elements.end());
  return elements;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  StoredValue value{.type = static_cast<uint8_t>(data[0] & 3)};
  value.expire_at_ms = static_cast<int8_t>(data[1]);
  value.bytes = {reinterpret_cast<const char*>(data) + 2, size - 2};
  const uint64_t hash = KeyHash(kKey);

  Keyspace keyspace;
  const bool loaded = LoadInline(keyspace, hash, 0, kKey, value).ok();
  const Entry* const entry = FindEntry(keyspace, hash, 0, kKey);
  if (loaded != (entry != nullptr)) std::abort();
  if (!loaded) return 0;
  if ((value.expire_at_ms == kNoExpiry) != (entry->expire_at_ms() == kNoExpiry)) std::abort();

  std::string scratch;
  const std::optional<std::string_view> encoded = EncodeInline(*entry, scratch);
  // Lengths may have been written longer than needed, so the encoding can only be shorter.
  if (!encoded) return FitsInline(kKey.size(), value.bytes.size()) ? std::abort(), 0 : 0;
  if (Elements(value.type, *encoded) != Elements(value.type, value.bytes)) std::abort();
  return 0;
}
