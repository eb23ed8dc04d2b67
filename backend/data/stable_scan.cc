#include "backend/data/stable_scan.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace tideway::backend {

MemberHash HashMember(std::string_view member) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(member.data(), member.size()));
  MemberHash hash;
  std::memcpy(hash.data(), canonical.digest, hash.size());
  return hash;
}

uint64_t ScanPosition(const MemberHash& hash) {
  uint64_t leading = 0;
  for (size_t i = 0; i < sizeof(leading); ++i) {
    leading = leading << 8 | static_cast<uint8_t>(hash[i]);
  }
  return leading >> 1;
}

MemberHash FirstHashAt(uint64_t position) {
  MemberHash hash = {};
  uint64_t leading = position << 1;
  for (size_t i = sizeof(leading); i-- > 0; leading >>= 8) hash[i] = static_cast<char>(leading);
  return hash;
}

void StableScan::Add(std::string_view member, std::string_view value) {
  const uint64_t position = ScanPosition(HashMember(member));
  if (position >= cursor_) places_.push_back({position, member, value});
}

uint64_t StableScan::Tell(FunctionRef<void(std::string_view, std::string_view)> fn) {
  const auto before = [](const Place& a, const Place& b) { return a.position < b.position; };
  const size_t told = std::min(count_, places_.size());
  const auto end = places_.begin() + static_cast<std::ptrdiff_t>(told);
  std::nth_element(places_.begin(), end, places_.end(), before);
  std::sort(places_.begin(), end, before);
  for (auto place = places_.begin(); place != end; ++place) fn(place->member, place->value);
  if (end == places_.end()) return 0;
  // Always onwards, even if more than `count` members stood at one place.
  return std::max(end->position, cursor_ + 1);
}

}  // namespace tideway::backend
