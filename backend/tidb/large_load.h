// Values in tw_parts as a transaction's commands read them: of a string all pieces, of a hash or
// set the members that they name, a step of a walk, or all; of any the mere row.
//
// The rows of tw_keys come first (Found); then it is known which commands look at which of the
// large values, and how (Plan); a second packet asks for what they need (AppendSelects, Take).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backend/data/keyspace.h"
#include "backend/result.h"
#include "backend/tidb/key_rows.h"
#include "backend/tidb/large_value.h"
#include "backend/tidb/sql_connection.h"
#include "backend/tidb/sql_text.h"
#include "backend/tidb/tidb_batch.h"

namespace tideway::backend {

class LargeLoad {
 public:
  struct Value {
    uint32_t db;
    std::string key;
    uint8_t type;
    int64_t expire_at_ms;
    uint64_t incarnation;
    LargeSize size;
    uint64_t shown_bytes = 0;  // MemberBytes() as loaded
  };

  /// `whole_bytes_max`: what is read whole in one transaction is not longer.
  explicit LargeLoad(uint64_t whole_bytes_max) : whole_bytes_max_(whole_bytes_max) {}

  void Clear();
  /// A row with an incarnation; false when nobody can read it.
  bool Found(const KeyRow& row);
  /// Shows values that the batches look at no further than their rows. kTooLarge, with the text for
  /// the clients, when too much would be read whole.
  Status Plan(std::span<TidbBatch* const> batches, Keyspace& keyspace);

  /// Whether a second packet is needed.
  bool wants_more() const;
  /// SELECTs, each with a semicolon; of the same moment as the rows.
  void AppendSelects(SqlText& sql);
  /// Whether what `other` has selected is what this one wants, too: the answers are for it.
  bool SelectsAs(const LargeLoad& other);
  /// Takes the answers to AppendSelects() over, the first results. kCorrupt: nobody can read them.
  Status Take(std::span<const SqlRows> results, Keyspace& keyspace);

  /// Null for a key that is not large.
  const Value* Find(uint32_t db, std::string_view key) const;
  bool empty() const { return values_.empty(); }

 private:
  struct Page {
    uint64_t cursor;
    uint64_t count;
  };
  struct Wanted {
    ReadScope scope = ReadScope::kRow;
    std::vector<std::string_view> members;
    std::vector<Page> pages;
  };

  void Want(const TidbBatch& batch);
  Status CheckSize() const;
  void ShowRow(const Value& value, Keyspace& keyspace);
  Status TakeMembers(const SqlRows& rows, Keyspace& keyspace);
  Status CheckNames(const SqlRows& rows) const;
  void TakeStrings(const SqlRows& rows, std::vector<std::string>& strings) const;
  Status Show(size_t number, std::string_view string, Keyspace& keyspace);
  Value* OfIncarnation(const SqlRows::Value& number);

  uint64_t whole_bytes_max_;
  std::vector<Value> values_;
  std::vector<Wanted> wanted_;                           // of values_, by number
  std::unordered_map<uint64_t, size_t> by_incarnation_;  // numbers
  bool whole_selected_ = false;
  bool members_selected_ = false;
  size_t pages_selected_ = 0;
};

}  // namespace tideway::backend
