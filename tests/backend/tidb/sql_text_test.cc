#include "backend/tidb/sql_text.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "backend/tidb/schema.h"

namespace tideway::backend {
namespace {

class SqlTextTest : public testing::Test {
 protected:
  std::string out_;
  SqlText sql_{out_};
};

TEST_F(SqlTextTest, BytesAreHexLiterals) {
  sql_.Bytes("").Bytes("k").Bytes(std::string_view("\0\x0f\xa0\xff'\\", 6));
  EXPECT_EQ(out_, "x''x'6b'x'000fa0ff275c'");
}

TEST_F(SqlTextTest, EveryByteHasItsTwoDigits) {
  std::string all;
  std::string expected = "x'";
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned>(byte));
    expected += digits;
  }
  sql_.Bytes(all);
  EXPECT_EQ(out_, expected + "'");
}

TEST_F(SqlTextTest, NumbersReachTheirLimits) {
  sql_.Number(uint64_t{0}).Sql(" ").Number(std::numeric_limits<uint64_t>::max()).Sql(" ");
  sql_.Number(std::numeric_limits<int64_t>::min()).Sql(" ").Number(7u).Sql(" ").Number(-7);
  EXPECT_EQ(out_, "0 18446744073709551615 -9223372036854775808 7 -7");
}

TEST_F(SqlTextTest, AnAbsentNumberIsNull) {
  sql_.Number(std::optional<uint64_t>()).Sql(",").Number(std::optional<int64_t>(-1));
  EXPECT_EQ(out_, "NULL,-1");
}

TEST_F(SqlTextTest, AppendsToWhatIsThere) {
  out_ = "BEGIN OPTIMISTIC;";
  sql_.Sql("SELECT ").Bytes("a");
  EXPECT_EQ(out_, "BEGIN OPTIMISTIC;SELECT x'61'");
}

TEST_F(SqlTextTest, ListsArePaddedToPowersOfTwo) {
  for (const auto& [count, text] :
       std::vector<std::pair<uint64_t, std::string>>{{1, "(1)"},
                                                     {2, "(1,2)"},
                                                     {3, "(1,2,3,3)"},
                                                     {4, "(1,2,3,4)"},
                                                     {5, "(1,2,3,4,5,5,5,5)"}}) {
    out_.clear();
    SqlList list(sql_);
    for (uint64_t i = 1; i <= count; ++i) list.Next().Number(i);
    list.PadToPowerOfTwo();
    list.Close();
    EXPECT_EQ(out_, text);
    EXPECT_EQ(list.count() & (list.count() - 1), 0u);
  }
}

TEST_F(SqlTextTest, KeyListsAreTuples) {
  const std::vector<SqlKey> keys = {{0, "a"}, {65535, ""}, {1, "b"}};
  sql_.Sql("SELECT 1 FROM tw_keys WHERE");
  AppendKeyIn(sql_, keys);
  EXPECT_EQ(out_,
            "SELECT 1 FROM tw_keys WHERE (db,k) IN ((0,x'61'),(65535,x''),(1,x'62'),(1,x'62'))");
}

TEST_F(SqlTextTest, ReplacesRows) {
  const std::string shard_a = std::to_string(ExpiryShard("a"));
  const std::string shard_b = std::to_string(ExpiryShard("b"));
  const std::vector<SqlKeyRow> rows = {{.key = {0, "a"}, .type = 1, .value = "v", .events = "set"},
                                       {.key = {2, "b"},
                                        .type = 2,
                                        .expire_at_ms = 1700000000000,
                                        .incarnation = 18446744073709551615u,
                                        .events = "hset,expire"}};
  AppendReplaceKeys(sql_, rows);
  EXPECT_EQ(out_,
            "REPLACE INTO tw_keys (db,k,type,expire_at,rev,v,incarnation,events,shard) VALUES "
            "(0,x'61',1,NULL,@@tidb_current_ts,x'76',NULL,x'736574'," +
                shard_a +
                "),"
                "(2,x'62',2,1700000000000,@@tidb_current_ts,NULL,18446744073709551615,"
                "x'687365742c657870697265'," +
                shard_b + ")");
}

TEST_F(SqlTextTest, NothingButHexBetweenTheQuotes) {
  std::string hostile = "'; DROP TABLE tw_keys; -- \\' \" ` \x1a \n";
  hostile.push_back('\0');
  AppendReplaceKeys(
      sql_, std::vector<SqlKeyRow>{{.key = {0, hostile}, .value = hostile, .events = hostile}});
  EXPECT_EQ(out_.find("DROP"), std::string::npos);
  EXPECT_EQ(out_.find('\\'), std::string::npos);
  EXPECT_EQ(out_.find('\0'), std::string::npos);
  EXPECT_EQ(out_.find(';'), std::string::npos);
}

}  // namespace
}  // namespace tideway::backend
