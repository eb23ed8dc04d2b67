#include "backend/data/change.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "backend/data/keyspace.h"
#include "tests/backend/data/model.h"
#include "tests/backend/data/random_writer.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

/// One line a record: "op db key field value number number2".
std::vector<std::string> Lines(std::string_view records) {
  std::vector<std::string> lines;
  ChangeReader reader(records);
  ChangeRecord record;
  while (reader.Next(record)) {
    lines.push_back(std::to_string(static_cast<int>(record.op)) + ' ' + std::to_string(record.db) +
                    ' ' + std::string(record.key) + ' ' + std::string(record.field) + ' ' +
                    std::string(record.value) + ' ' + std::to_string(record.number) + ' ' +
                    std::to_string(record.number2));
  }
  if (!reader.status().ok()) lines.push_back(reader.status().error().detail);
  return lines;
}

TEST(Change, EveryRecordComesBack) {
  ChangeBuffer changes;
  EXPECT_TRUE(changes.empty());
  changes.SetString(0, "s", "value", kNoExpiry);
  changes.SetString(0, "s", "", 1'700'000'000'123);
  changes.Splice(0, "s", 300, "tail");
  changes.AddEvent(0, "s", Event::kAppend);
  changes.HashSet(300, "h", "field", "x");
  changes.HashSet(300, "h", "", "");
  changes.HashErase(300, "h", "field");
  changes.AddEvent(300, "other", Event::kHDel);
  changes.SetAdd(1, "h", "member");
  changes.SetRemove(1, "h", "member");
  changes.Erase(1, "h");
  changes.ExpireAt(1, "", 5);
  changes.Persist(1, "");
  changes.NewHash(1, std::string(200, 'k'));
  changes.NewSet(1, std::string(200, 'k'));
  changes.FlushDb(2);
  changes.FlushDb(2);
  changes.Erase(2, "k");
  changes.SwapDb(0, 65535);
  changes.Erase(2, "k");
  const std::string long_key(200, 'k');
  EXPECT_EQ(Lines(changes.view()), (std::vector<std::string>{
                                       "2 0 s  value 0 0",
                                       "3 0 s   1700000000123 0",
                                       "4 0 s  tail 300 0",
                                       "16 0 s   3 0",
                                       "5 300 h field x 0 0",
                                       "5 300 h   0 0",
                                       "6 300 h field  0 0",
                                       "16 300 other   9 0",
                                       "7 1 h member  0 0",
                                       "8 1 h member  0 0",
                                       "9 1 h   0 0",
                                       "10 1    5 0",
                                       "11 1    0 0",
                                       "12 1 " + long_key + "   0 0",
                                       "13 1 " + long_key + "   0 0",
                                       "14 2    0 0",
                                       "14 2    0 0",
                                       "9 2 k   0 0",
                                       "15 2    0 65535",
                                       "9 2 k   0 0",
                                   }));
  changes.Clear();
  EXPECT_TRUE(changes.empty());
}

TEST(Change, AKeyIsWrittenOnceInARow) {
  ChangeBuffer changes;
  changes.SetString(0, "a-key-of-20-bytes-00", "v", kNoExpiry);
  const size_t one = changes.size();
  changes.AddEvent(0, "a-key-of-20-bytes-00", Event::kSet);
  changes.ExpireAt(0, "a-key-of-20-bytes-00", 1'700'000'000'000);
  changes.AddEvent(0, "a-key-of-20-bytes-00", Event::kExpire);
  EXPECT_LE(changes.size(), one + 2 + 7 + 2);
}

TEST(Change, GrowsAndStartsAnew) {
  ChangeBuffer changes;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1000; ++i)
      changes.SetString(0, "key" + std::to_string(i), std::string(static_cast<size_t>(i) * 7, 'v'),
                        kNoExpiry);
    EXPECT_EQ(Lines(changes.view()).size(), 1000u);
    changes.Clear();
    changes.Erase(0, "key999");
    EXPECT_EQ(Lines(changes.view()), (std::vector<std::string>{"9 0 key999   0 0"}));
    changes.Clear();
  }
}

std::string RandomSequence(uint64_t seed) {
  Keyspace keyspace;
  View view(keyspace);
  Model model;
  RandomWriter writer(view, model, seed, {.databases = 3, .keys = 5, .members = 10});
  for (int i = 0; i < 30; ++i) writer.Step();
  return std::string(view.changes().view());
}

TEST(Change, EveryPrefixIsReadWithoutHarm) {
  const std::string records = RandomSequence(test::Seed());
  for (size_t size = 0; size < records.size(); ++size) {
    // Its own block, so that a read past the end is seen.
    const std::vector<char> prefix(records.begin(), records.begin() + static_cast<long>(size));
    Keyspace keyspace;
    const Status applied = ApplyChanges(keyspace, {prefix.data(), prefix.size()});
    if (!applied.ok()) {
      ASSERT_EQ(applied.error().code, Errc::kCorrupt);
    }
  }
}

TEST(Change, BrokenBytesAreReadWithoutHarm) {
  std::mt19937_64 random(test::Seed());
  for (int round = 0; round < 300; ++round) {
    std::string records = RandomSequence(random());
    for (uint64_t flips = 1 + random() % 4; flips-- > 0;)
      records[random() % records.size()] = static_cast<char>(random());
    Keyspace keyspace({.databases = 4, .string_bytes_max = 1 << 20});
    const Status applied = ApplyChanges(keyspace, records);
    if (!applied.ok()) {
      ASSERT_FALSE(applied.error().detail.empty());
    }
  }
}

TEST(Change, RefusesWhatNobodyWrites) {
  using namespace std::string_literals;
  const auto broken = [](const std::string& records) {
    Keyspace keyspace;
    const Status applied = ApplyChanges(keyspace, records);
    return !applied.ok() && applied.error().code == Errc::kCorrupt;
  };
  EXPECT_FALSE(broken("\x01\x00"s));          // a database and nothing else
  EXPECT_TRUE(broken("\x09\x01k"s));          // a key without a database
  EXPECT_TRUE(broken("\x0e"s));               // a flush without a database
  EXPECT_TRUE(broken("\x01\x00\x00"s));       // operation 0
  EXPECT_TRUE(broken("\x01\x00\x7f\x01k"s));  // an operation of the future
  EXPECT_TRUE(broken("\x01\x00\x89"s));       // the key of no record before
  EXPECT_TRUE(broken("\x81\x00"s));           // a key where none belongs
  EXPECT_TRUE(broken("\x01\x00\x09\x05k"s));  // cut off
  EXPECT_TRUE(broken("\x01\x80\x80\x80\x80\x80\x00"s.substr(0, 4)));
  EXPECT_TRUE(broken("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"s));  // more than 64 bits
  EXPECT_TRUE(broken("\x01\x80\x80\x04"s));                              // database 65536
  EXPECT_TRUE(broken("\x01\x00\x0a\x01k\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s));  // time < 0
}

}  // namespace
}  // namespace tideway::backend
