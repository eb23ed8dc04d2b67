// Writing the keyspace as change records: whole values for RENAME and COPY, slices for checkpoints.
#include <algorithm>

#include "backend/data/hash_value.h"
#include "backend/data/keyspace.h"
#include "backend/data/set_value.h"

namespace tideway::backend {
namespace {

constexpr size_t kFieldsAStep = 64;

Entry* Handle(const Entry& entry) { return const_cast<Entry*>(&entry); }

/// Where a value that is being cut goes on; done() when it is complete.
struct ValueCursor {
  uint64_t at = 0;
  bool done = false;
};

/// Encodes a string from byte `cursor.at` on.
void EncodeString(uint32_t db, std::string_view key, const Entry& entry, ChangeBuffer& out,
                  size_t budget, ValueCursor& cursor) {
  const std::string_view value = entry.string();
  const size_t from = std::min<size_t>(cursor.at, value.size());
  const std::string_view piece = value.substr(from, budget);
  if (cursor.at == 0) {
    out.SetString(db, key, piece, entry.expire_at_ms());
    // A short string that was edited in place says so by a splice of nothing.
    if (entry.is_raw()) out.Splice(db, key, 0, {});
    // A string that goes on in later slices gets its whole length at once, so that replaying does
    // not grow it, with room to spare, piece by piece.
    if (piece.size() < value.size()) out.Splice(db, key, value.size(), {});
  } else if (!piece.empty()) {
    out.Splice(db, key, from, piece);
  }
  cursor.at = from + piece.size();
  cursor.done = cursor.at >= value.size();
}

/// The head of a hash or set: empty, with its expiry.
void EncodeHead(uint32_t db, std::string_view key, const Entry& entry, ChangeBuffer& out) {
  if (entry.type() == ValueType::kHash) {
    out.NewHash(db, key);
  } else {
    out.NewSet(db, key);
  }
  if (entry.has_expiry()) out.ExpireAt(db, key, entry.expire_at_ms());
}

/// Encodes members from scan cursor `cursor.at` on until `out` has grown to `size_max`.
void EncodeMembers(uint32_t db, std::string_view key, const Entry& entry, ChangeBuffer& out,
                   size_t size_max, ValueCursor& cursor) {
  do {
    if (entry.type() == ValueType::kHash) {
      cursor.at =
          HashValue(Handle(entry))
              .Scan(cursor.at, kFieldsAStep, [&](std::string_view field, std::string_view value) {
                out.HashSet(db, key, field, value);
              });
    } else {
      cursor.at =
          SetValue(Handle(entry)).Scan(cursor.at, kFieldsAStep, [&](std::string_view member) {
            out.SetAdd(db, key, member);
          });
    }
    cursor.done = cursor.at == 0;
  } while (!cursor.done && out.size() < size_max);
}

/// Encodes (more of) a value; `cursor` tells where to go on.
void EncodePart(uint32_t db, std::string_view key, const Entry& entry, ChangeBuffer& out,
                size_t budget, ValueCursor& cursor) {
  if (entry.type() == ValueType::kString) {
    EncodeString(db, key, entry, out, budget, cursor);
    return;
  }
  const size_t size_max = out.size() + budget;
  if (cursor.at == 0) EncodeHead(db, key, entry, out);
  EncodeMembers(db, key, entry, out, size_max, cursor);
}

}  // namespace

void EncodeValue(uint32_t db, std::string_view key, const Entry& entry, ChangeBuffer& out) {
  ValueCursor cursor;
  EncodePart(db, key, entry, out, SIZE_MAX / 2, cursor);
}

bool Keyspace::EncodeSlice(uint32_t stripe, uint32_t db, SliceCursor& cursor, size_t budget_bytes,
                           ChangeBuffer& out) const {
  return EncodeTable(stripe, table_of_[db], db, cursor, budget_bytes, out);
}

bool Keyspace::EncodeTable(uint32_t stripe, uint32_t number, uint32_t as_db, SliceCursor& cursor,
                           size_t budget_bytes, ChangeBuffer& out) const {
  const KeyTable* const table = stripes_[stripe].tables[number].get();
  if (table == nullptr || table->size() == 0) return false;
  const size_t size_max = out.size() + std::max<size_t>(budget_bytes, 1);
  const auto encode_part = [&](const Entry& entry, uint64_t at) {
    ValueCursor part{at, false};
    const size_t budget = out.size() < size_max ? size_max - out.size() : 1;
    EncodePart(as_db, entry.key(), entry, out, budget, part);
    if (!part.done) cursor.cut_values.push_back({std::string(entry.key()), part.at});
  };

  while (!cursor.cut_values.empty() && out.size() < size_max) {
    const SliceCursor::CutValue cut = std::move(cursor.cut_values.back());
    cursor.cut_values.pop_back();
    const Entry* const entry = table->Find(KeyHash(cut.key), cut.key);
    // A key that is gone or was replaced meanwhile has that in the journal. So what is encoded of
    // something new in its place does not matter, as long as it can be cut where the old one was.
    if (entry != nullptr &&
        (entry->type() == ValueType::kString || entry->encoding() == Encoding::kTable))
      encode_part(*entry, cut.at);
  }
  while (cursor.cut_values.empty() && !cursor.scanned && out.size() < size_max) {
    // A step may tell several keys; each of them begins its value in this call.
    cursor.position =
        table->keys().Scan(cursor.position, 1, [&](const Entry* entry) { encode_part(*entry, 0); });
    cursor.scanned = cursor.position == 0;
  }
  return !cursor.scanned || !cursor.cut_values.empty();
}

}  // namespace tideway::backend
