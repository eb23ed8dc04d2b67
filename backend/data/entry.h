// One key of the keyspace: key, expiry and value in one block of memory.
//
//   8 bytes  flags (1), access time in seconds (3), key size (2), inline value size (2)
//   8        pointer to the value                 only when the value is not inline
//   8 + 4    expiry in ms, place in the heap      only when the key expires
//   4        key size                             only when the key has 65,535 bytes or more
//   …        the key, then the inline value
//
// A key of 16 bytes with a value of 8 takes one 32-byte block. The block's size follows from these
// fields, see memory.h. Fields behind the header are not aligned and are read by memcpy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "backend/data/memory.h"
#include "backend/key.h"

namespace tideway::backend {

/// How a value is held. The order of hash and set encodings is the order in which they convert.
enum class Encoding : uint8_t {
  kString = 0,  // inline bytes, or a StringBuffer when they are many
  kPacked = 1,  // hash or set: PackedList
  kIntSet = 2,  // set: IntSet
  kTable = 3,   // hash: HashTable, set: MemberTable
};

/// A string too large to be inline, or grown piece by piece. The bytes follow the header.
struct StringBuffer {
  uint64_t size;
  uint64_t capacity;
  char* data() { return reinterpret_cast<char*>(this + 1); }
  size_t bytes() const { return SizeClass(sizeof(StringBuffer) + capacity); }
};

struct Entry {
  /// Longer strings live in a StringBuffer.
  static constexpr size_t kInlineMax = 2048;
  static constexpr uint32_t kNotInHeap = UINT32_MAX;

  ValueType type() const { return static_cast<ValueType>(flags_ & kTypeMask); }
  Encoding encoding() const { return static_cast<Encoding>(flags_ >> kEncodingShift); }
  void set_encoding(Encoding encoding) {
    flags_ = static_cast<uint8_t>((flags_ & ~(3 << kEncodingShift)) | static_cast<int>(encoding)
                                                                          << kEncodingShift);
  }
  bool is_outline() const { return (flags_ & kOutline) != 0; }
  bool has_expiry() const { return (flags_ & kHasExpiry) != 0; }
  /// OBJECT ENCODING is "raw" whatever the length: the string was modified in place.
  bool is_raw() const { return (flags_ & kRaw) != 0; }
  void set_raw() { flags_ |= kRaw; }
  /// OBJECT ENCODING is not "int" although the string is a number.
  bool is_text() const { return (flags_ & kText) != 0; }
  void set_text() { flags_ |= kText; }
  void clear_form() { flags_ &= static_cast<uint8_t>(~(kRaw | kText)); }

  /// Low 24 bits of the Unix time, in seconds, when the key was last touched.
  uint32_t access_clock() const {
    return uint32_t{access_[0]} | uint32_t{access_[1]} << 8 | uint32_t{access_[2]} << 16;
  }
  void set_access_clock(uint32_t seconds) {
    access_[0] = static_cast<uint8_t>(seconds);
    access_[1] = static_cast<uint8_t>(seconds >> 8);
    access_[2] = static_cast<uint8_t>(seconds >> 16);
  }

  size_t key_size() const {
    return key_size_ != kLongKey ? key_size_ : Load<uint32_t>(key_offset() - sizeof(uint32_t));
  }
  std::string_view key() const { return {bytes() + key_offset(), key_size()}; }

  /// Unix ms, or kNoExpiry.
  int64_t expire_at_ms() const { return has_expiry() ? Load<int64_t>(expiry_offset()) : kNoExpiry; }
  // Precondition for the next three: has_expiry().
  void set_expire_at_ms(int64_t ms) { Store(expiry_offset(), ms); }
  uint32_t heap_index() const { return Load<uint32_t>(expiry_offset() + sizeof(int64_t)); }
  void set_heap_index(uint32_t index) { Store(expiry_offset() + sizeof(int64_t), index); }

  /// The bytes of a string value.
  std::string_view string() const {
    if (!is_outline()) return {bytes() + key_offset() + key_size(), value_size_};
    StringBuffer* const buffer = static_cast<StringBuffer*>(value());
    return {buffer->data(), buffer->size};
  }
  size_t inline_size() const { return value_size_; }
  char* inline_data() { return bytes() + key_offset() + key_size(); }
  const char* inline_data() const { return bytes() + key_offset() + key_size(); }
  /// Only within the size class of the block.
  void set_inline_size(size_t size) { value_size_ = static_cast<uint16_t>(size); }

  // Precondition: is_outline().
  void* value() const { return Load<void*>(kHeader); }
  void set_value(void* value) { Store(kHeader, value); }

  /// Content of the block, without what an outline value points to.
  size_t block_size() const { return key_offset() + key_size() + value_size_; }
  /// Bytes that the block takes.
  size_t block_bytes() const { return SizeClass(block_size()); }

  /// A new entry. Its expiry (if `with_expiry`), pointer (if `outline`) or inline bytes are not
  /// set.
  static Entry* New(std::string_view key, ValueType type, bool outline, bool with_expiry,
                    size_t inline_size);
  /// A new entry for `key` that takes the place of `from`: same type, encoding, access time, value
  /// and (where both have one) expiry; with or without room for an expiry; with `inline_size`
  /// inline bytes, the first of them copied, others not set. The caller frees `from` (the block
  /// only).
  static Entry* Rebuild(const Entry& from, std::string_view key, bool with_expiry,
                        size_t inline_size);
  /// Frees the block only.
  static void Free(Entry* entry) { FreeBlock(entry, entry->block_size()); }

 private:
  static constexpr uint8_t kTypeMask = 3;
  static constexpr uint8_t kOutline = 1 << 2;
  static constexpr uint8_t kHasExpiry = 1 << 3;
  static constexpr uint8_t kRaw = 1 << 4;
  static constexpr uint8_t kText = 1 << 5;
  static constexpr int kEncodingShift = 6;
  static constexpr uint16_t kLongKey = UINT16_MAX;
  static constexpr size_t kHeader = 8;
  static constexpr size_t kExpirySize = sizeof(int64_t) + sizeof(uint32_t);

  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  size_t expiry_offset() const { return kHeader + (is_outline() ? sizeof(void*) : 0); }
  size_t key_offset() const {
    return expiry_offset() + (has_expiry() ? kExpirySize : 0) +
           (key_size_ == kLongKey ? sizeof(uint32_t) : 0);
  }
  template <class T>
  T Load(size_t offset) const {
    T value;
    std::memcpy(&value, bytes() + offset, sizeof(T));
    return value;
  }
  template <class T>
  void Store(size_t offset, T value) {
    std::memcpy(bytes() + offset, &value, sizeof(T));
  }

  uint8_t flags_;
  uint8_t access_[3];
  uint16_t key_size_;
  uint16_t value_size_;
};
static_assert(sizeof(Entry) == 8);

}  // namespace tideway::backend
