#include "backend/tidb/large_value.h"

#include <array>

#include "backend/tidb/sql_numbers.h"

namespace tideway::backend {

uint64_t IncarnationOf(uint64_t start_ts, uint32_t index) {
  uint64_t reversed = 0;
  for (int bit = 0; bit < 64; ++bit) reversed |= ((start_ts >> bit) & 1) << (63 - bit);
  // A timestamp's highest four bits are zero for some centuries.
  return (reversed & ~uint64_t{kLargeValuesMax - 1}) | (index % kLargeValuesMax);
}

void AppendLargeValue(uint64_t incarnation, const SqlKey& key, std::string_view value,
                      std::vector<std::string>& packets) {
  for (uint32_t part = 0; part * kPartBytes < value.size(); ++part) {
    SqlText sql(packets.emplace_back());
    if (part == 0) {
      sql.Sql("INSERT INTO tw_incarnations (incarnation,db,k) VALUES (").Number(incarnation);
      sql.Sql(",").Number(key.db).Sql(",").Bytes(key.key).Sql(");");
    }
    const std::array<char, 4> number = {static_cast<char>(part >> 24),
                                        static_cast<char>(part >> 16), static_cast<char>(part >> 8),
                                        static_cast<char>(part)};
    sql.Sql("INSERT INTO tw_parts (incarnation,part,v) VALUES (").Number(incarnation).Sql(",");
    sql.Bytes({number.data(), number.size()}).Sql(",");
    sql.Bytes(value.substr(part * kPartBytes, kPartBytes)).Sql(")");
  }
}

void AppendPartsSelect(SqlText& sql, std::span<const uint64_t> incarnations) {
  sql.Sql("SELECT incarnation,v FROM tw_parts WHERE incarnation IN ");
  SqlList list(sql);
  for (const uint64_t incarnation : incarnations) list.Next().Number(incarnation);
  list.PadToPowerOfTwo();
  list.Close();
  sql.Sql(" ORDER BY incarnation,part");
}

std::string JoinParts(const SqlRows& rows, uint64_t incarnation) {
  std::string value;
  rows.ForEach([&](std::span<const SqlRows::Value> row) {
    if (NumberOf<uint64_t>(row[0], 0) == incarnation && row[1]) value += *row[1];
  });
  return value;
}

}  // namespace tideway::backend
