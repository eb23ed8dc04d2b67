// SQL statements as text, built at the end of a string that is used again and again.
//
// What comes from clients becomes hex literals (x'…') or numbers, never escaped text: there is no
// quoting that could be got wrong, and nothing depends on sql_mode or character sets. Only Sql()
// takes SQL, and only the program's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tideway::backend {

/// Appends to a string that it does not own; as cheap as a pointer.
class SqlText {
 public:
  explicit SqlText(std::string& out) : out_(out) {}

  /// SQL written in this program.
  SqlText& Sql(std::string_view sql) {
    out_ += sql;
    return *this;
  }
  /// x'…', a binary string. Two bytes for each one and three more.
  SqlText& Bytes(std::string_view bytes);
  SqlText& Number(uint64_t number);
  SqlText& Number(int64_t number);
  SqlText& Number(uint32_t number) { return Number(uint64_t{number}); }
  SqlText& Number(int32_t number) { return Number(int64_t{number}); }
  SqlText& Null() { return Sql("NULL"); }
  template <class T>
  SqlText& Number(const std::optional<T>& number) {
    return number ? Number(*number) : Null();
  }

  size_t size() const { return out_.size(); }
  std::string_view text() const { return out_; }

 private:
  friend class SqlList;
  std::string& out_;
};

/// A parenthesised list: `(` on construction, commas between items, `)` by Close().
///
///   SqlList list(sql);
///   for (uint64_t id : ids) list.Next().Number(id);
///   list.PadToPowerOfTwo();
///   list.Close();
///
/// An IN list is padded by repeating its last item. TiDB plans a statement by its shape, and a
/// session keeps 100 plans by default: with lengths 1, 2, 4 … each statement has few shapes, so its
/// plan is found again. An item twice in an IN list does not change the answer.
class SqlList {
 public:
  explicit SqlList(SqlText& sql) : sql_(sql) { sql_.Sql("("); }
  SqlText& Next();
  /// Precondition: at least one item.
  void PadToPowerOfTwo();
  void Close() { sql_.Sql(")"); }
  size_t count() const { return count_; }

 private:
  SqlText& sql_;
  size_t count_ = 0;
  size_t last_ = 0;  // where the last item begins
};

/// A key of a database, as statements name it.
struct SqlKey {
  uint32_t db;
  std::string_view key;
};

/// (db,k) as a tuple: `(3,x'6b')`.
SqlText& AppendTuple(SqlText& sql, const SqlKey& key);
/// ` (db,k) IN ((0,x'61'),(0,x'62'))`, padded; TiDB answers it by a batch point get. Precondition:
/// not empty.
SqlText& AppendKeyIn(SqlText& sql, std::span<const SqlKey> keys);

/// A row of tw_keys to be written; the columns are described in backend/tidb/schema.h. `rev` is the
/// transaction's start_ts (`@@tidb_current_ts`) and `shard` follows from the key, so neither is
/// given.
struct SqlKeyRow {
  SqlKey key;
  uint8_t type = 0;
  std::optional<int64_t> expire_at_ms = {};
  std::optional<std::string_view> value = {};
  std::optional<uint64_t> incarnation = {};
  std::string_view events = {};
};

/// The columns in the order of AppendKeyRow:
/// `(db,k,type,expire_at,rev,v,incarnation,events,shard)`.
std::string_view KeyRowColumns();
/// One row of values.
SqlText& AppendKeyRow(SqlText& sql, const SqlKeyRow& row);
/// `REPLACE INTO tw_keys (…) VALUES (…),(…)`, to stand in a transaction. Not padded: a row twice
/// would be written twice. Precondition: not empty, each key once.
SqlText& AppendReplaceKeys(SqlText& sql, std::span<const SqlKeyRow> rows);

/// `DELETE FROM tw_keys WHERE …;`, nothing when there are none.
SqlText& AppendDeleteKeys(SqlText& sql, std::span<const SqlKey> keys);

}  // namespace tideway::backend
