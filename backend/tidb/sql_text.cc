#include "backend/tidb/sql_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "backend/tidb/schema.h"

namespace tideway::backend {
namespace {

using DigitPair = std::array<char, 2>;

constexpr std::array<DigitPair, 256> MakeDigitPairs() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<DigitPair, 256> pairs{};
  for (size_t byte = 0; byte < pairs.size(); ++byte)
    pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 15]};
  return pairs;
}

constexpr std::array<DigitPair, 256> kDigitPairs = MakeDigitPairs();

template <class T>
void AppendDigits(std::string& out, T number) {
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

SqlText& SqlText::Bytes(std::string_view bytes) {
  const size_t from = out_.size();
  out_.resize(from + 2 * bytes.size() + 3);
  char* to = out_.data() + from;
  *to++ = 'x';
  *to++ = '\'';
  for (const char c : bytes) {
    std::memcpy(to, kDigitPairs[static_cast<uint8_t>(c)].data(), sizeof(DigitPair));
    to += sizeof(DigitPair);
  }
  *to = '\'';
  return *this;
}

SqlText& SqlText::Number(uint64_t number) {
  AppendDigits(out_, number);
  return *this;
}

SqlText& SqlText::Number(int64_t number) {
  AppendDigits(out_, number);
  return *this;
}

SqlText& SqlList::Next() {
  if (count_++ > 0) sql_.Sql(",");
  last_ = sql_.size();
  return sql_;
}

void SqlList::PadToPowerOfTwo() {
  const size_t wanted = std::bit_ceil(count_);
  const size_t size = sql_.size() - last_;
  std::string& out = sql_.out_;
  out.reserve(out.size() + (wanted - count_) * (size + 1));
  for (; count_ < wanted; ++count_) {
    out += ',';
    out.append(out, last_, size);
  }
}

SqlText& AppendTuple(SqlText& sql, const SqlKey& key) {
  return sql.Sql("(").Number(key.db).Sql(",").Bytes(key.key).Sql(")");
}

SqlText& AppendKeyIn(SqlText& sql, std::span<const SqlKey> keys) {
  sql.Sql(" (db,k) IN ");
  SqlList list(sql);
  for (const SqlKey& key : keys) AppendTuple(list.Next(), key);
  list.PadToPowerOfTwo();
  list.Close();
  return sql;
}

std::string_view KeyRowColumns() { return "(db,k,type,expire_at,rev,v,incarnation,events,shard)"; }

SqlText& AppendKeyRow(SqlText& sql, const SqlKeyRow& row) {
  sql.Sql("(").Number(row.key.db).Sql(",").Bytes(row.key.key);
  sql.Sql(",").Number(uint32_t{row.type}).Sql(",").Number(row.expire_at_ms);
  sql.Sql(",@@tidb_current_ts,");
  if (row.value) {
    sql.Bytes(*row.value);
  } else {
    sql.Null();
  }
  sql.Sql(",").Number(row.incarnation).Sql(",").Bytes(row.events);
  return sql.Sql(",").Number(uint32_t{ExpiryShard(row.key.key)}).Sql(")");
}

SqlText& AppendReplaceKeys(SqlText& sql, std::span<const SqlKeyRow> rows) {
  sql.Sql("REPLACE INTO tw_keys ").Sql(KeyRowColumns()).Sql(" VALUES ");
  bool first = true;
  for (const SqlKeyRow& row : rows) {
    if (!first) sql.Sql(",");
    first = false;
    AppendKeyRow(sql, row);
  }
  return sql;
}

SqlText& AppendDeleteKeys(SqlText& sql, std::span<const SqlKey> keys) {
  if (keys.empty()) return sql;
  sql.Sql("DELETE FROM tw_keys WHERE");
  return AppendKeyIn(sql, keys).Sql(";");
}

}  // namespace tideway::backend
