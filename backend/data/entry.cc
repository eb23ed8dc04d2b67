#include "backend/data/entry.h"

#include <algorithm>

namespace tideway::backend {

Entry* Entry::New(std::string_view key, ValueType type, bool outline, bool with_expiry,
                  size_t inline_size) {
  Entry shape;
  shape.flags_ = static_cast<uint8_t>(static_cast<uint8_t>(type) | (outline ? kOutline : 0) |
                                      (with_expiry ? kHasExpiry : 0));
  shape.key_size_ = key.size() < kLongKey ? static_cast<uint16_t>(key.size()) : kLongKey;
  shape.value_size_ = static_cast<uint16_t>(inline_size);
  shape.set_access_clock(0);

  const size_t key_offset = shape.key_offset();
  Entry* const entry = static_cast<Entry*>(AllocateBlock(key_offset + key.size() + inline_size));
  *entry = shape;
  if (shape.key_size_ == kLongKey)
    entry->Store(key_offset - sizeof(uint32_t), static_cast<uint32_t>(key.size()));
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
