// How a key's value lies in column v of its row.
//
// A string is its bytes as they are, so that SQL programs read and write strings without knowing of
// tideway. A small hash is the byte 0x01, then field, value, field, value …; a small set is the
// byte 0x02, then its members; each element a varint length (backend/data/varint.h) and its bytes,
// in the order of the entry, so that a small hash keeps its order. Which of them it is, column
// `type` says; the first byte is there so that forms can be added, and to find damage. Members that
// are integers stand as their digits: from those the entry finds its integer form again.
//
// What does not fit into a row of kRowBytesMax (FitsInline) lies in tw_parts and is not described
// here. What only OBJECT ENCODING can tell (a string was edited in place, a hash was large once) is
// not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backend/data/function_ref.h"
#include "backend/key.h"
#include "backend/result.h"

namespace tideway::backend {

class Keyspace;

/// Key and value of a row together, in bytes. A change feed tells old and new value of a row in one
/// message of at most 10 MB, where a control byte takes six characters; and rows are rewritten
/// whole. The other columns come on top.
inline constexpr size_t kRowBytesMax = size_t{64} << 10;

/// Of them, a hash's or set's: the row is written whole with each member, so more of them lie in
/// rows of their own.
inline constexpr size_t kInlineMembersBytesMax = size_t{16} << 10;

constexpr bool FitsInline(size_t key_bytes, size_t value_bytes) {
  return key_bytes <= kRowBytesMax && value_bytes <= kRowBytesMax - key_bytes;
}

/// The entry of a key, or null; what commit encodes.
Entry* FindEntry(const Keyspace& keyspace, uint64_t hash, uint32_t db, std::string_view key);

/// The bytes for column v, or nullopt when they are too many: found out after at most kRowBytesMax
/// bytes of work, however large the value is. The view points into the entry (a
/// string) or into `scratch`, whose memory is meant to be used again. Precondition: a hash or set
/// is not empty.
std::optional<std::string_view> EncodeInline(const Entry& entry, std::string& scratch);

/// The other direction without a keyspace: calls fn for each element, in order. kCorrupt with a
/// text when `bytes` are not what EncodeInline writes, also after some calls; an element twice is
/// not noticed. Total on any bytes.
Status ReadHash(std::string_view bytes,
                FunctionRef<void(std::string_view field, std::string_view value)> fn);
Status ReadSet(std::string_view bytes, FunctionRef<void(std::string_view member)> fn);

/// What a row says about a key that is there: type is not 0 and the time has not passed, or is left
/// to the View.
struct StoredValue {
  uint8_t type;                      // column `type`, as it was found
  int64_t expire_at_ms = kNoExpiry;  // column `expire_at`, kNoExpiry for NULL
  std::string_view bytes = {};       // column `v`, empty for NULL
};

/// Puts the key into the keyspace in place of whatever it is there. On an error the key is absent
/// from the keyspace, and the text names what is wrong with the row, but not the key.
///   kCorrupt          the bytes or the type are not ours: damage, or an SQL program's mistake
///   kInvalidArgument  the keyspace has no such database
///
/// It works on the key's table directly. Through a View each element would also be written as a
/// change record, and the change records of a load would have to be thrown away; through change
/// records and ApplyChanges each element would be copied and parsed once more, and the key hashed
/// and looked up for each of them.
Status LoadInline(Keyspace& keyspace, uint64_t hash, uint32_t db, std::string_view key,
                  const StoredValue& value);

}  // namespace tideway::backend
