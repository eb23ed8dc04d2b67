#include "backend/data/entry.h"

#include <algorithm>

namespace tideway::backend {

Entry* Entry::New(std::string_view key, ValueType type, bool outline, bool with_expiry,
                  size_t inline_size) {
  const bool long_key = key.size() >= kLongKey;
  const size_t key_offset = kHeader + (outline ? sizeof(void*) : 0) +
                            (with_expiry ? kExpirySize : 0) + (long_key ? sizeof(uint32_t) : 0);
  Entry* const entry = static_cast<Entry*>(AllocateBlock(key_offset + key.size() + inline_size));
  entry->flags_ = static_cast<uint8_t>(static_cast<uint8_t>(type) | (outline ? kOutline : 0) |
                                       (with_expiry ? kHasExpiry : 0));
  entry->set_access_clock(0);
  entry->key_size_ = long_key ? kLongKey : static_cast<uint16_t>(key.size());
  entry->value_size_ = static_cast<uint16_t>(inline_size);
  if (long_key) entry->Store(key_offset - sizeof(uint32_t), static_cast<uint32_t>(key.size()));
  if (with_expiry) entry->set_heap_index(kNotInHeap);
  CopyBytes(entry->bytes() + key_offset, key);
  return entry;
}

Entry* Entry::Rebuild(const Entry& from, std::string_view key, bool with_expiry,
                      size_t inline_size) {
  Entry* const to = New(key, from.type(), from.is_outline(), with_expiry, inline_size);
  to->flags_ = static_cast<uint8_t>((to->flags_ & kHasExpiry) | (from.flags_ & ~kHasExpiry));
  std::memcpy(to->access_, from.access_, sizeof(access_));
  if (from.is_outline()) to->set_value(from.value());
  if (from.has_expiry() && with_expiry) {
    to->set_expire_at_ms(from.expire_at_ms());
    to->set_heap_index(from.heap_index());
  }
  CopyBytes(to->inline_data(), {from.inline_data(), std::min(from.inline_size(), inline_size)});
  return to;
}

}  // namespace tideway::backend
