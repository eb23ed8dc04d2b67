#include "backend/data/keyspace.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/backend/data/model.h"
#include "tests/backend/data/random_writer.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

/// The model without empty databases, to compare with ModelOf().
Model Trimmed(Model model) {
  std::erase_if(model, [](const auto& db) { return db.second.empty(); });
  return model;
}

/// Bytes of all entries, found by walking: what the running count must equal.
size_t CountedBytes(Keyspace& keyspace) {
  size_t bytes = 0;
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    for (uint32_t db = 0; db < keyspace.database_count(); ++db) {
      const KeyTable* const table = keyspace.FindTable(stripe, db);
      if (table == nullptr) continue;
      bytes += table->keys().bytes() + table->heap().bytes();
      table->keys().ForEach([&](Entry* entry) { bytes += KeyTable::EntryBytes(*entry); });
    }
  }
  return bytes;
}

TEST(Keyspace, EqualsModelAndCountsItsBytes) {
  const uint64_t seed = test::Seed();
  Keyspace keyspace;
  keyspace.limits().hash_max_listpack_entries = 20;
  View view(keyspace);
  Model model;
  RandomWriter writer(view, model, seed, {});
  for (int step = 0; step < 30000; ++step) {
    ASSERT_NO_FATAL_FAILURE(writer.Step()) << "step " << step;
    if (step % 1000 == 0) {
      ASSERT_EQ(keyspace.UsedBytes(), CountedBytes(keyspace));
      view.Reset();
    }
  }
  // Those that nobody looked at are stored still; an hour later nothing that expires is.
  view.set_now_ms(writer.now_ms() + 3'600'000);
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) view.ExpireDue(stripe, SIZE_MAX);
  for (auto& [db, keys] : model)
    std::erase_if(keys, [](const auto& key) { return key.second.expire_at_ms != kNoExpiry; });
  EXPECT_EQ(ModelOf(keyspace), Trimmed(model));
  EXPECT_EQ(keyspace.UsedBytes(), CountedBytes(keyspace));
}

TEST(Keyspace, ReplayedChangesGiveTheSameState) {
  const uint64_t seed = test::Seed();
  Keyspace keyspace;
  Keyspace replayed;
  View view(keyspace);
  Model model;
  RandomWriter writer(view, model, seed, {});
  for (int batch = 0; batch < 2000; ++batch) {
    for (int step = 0; step < 10; ++step) ASSERT_NO_FATAL_FAILURE(writer.Step());
    const Status applied = ApplyChanges(replayed, view.changes().view());
    ASSERT_TRUE(applied.ok()) << applied.error().detail;
    view.Reset();
  }
  EXPECT_EQ(ModelOf(replayed), ModelOf(keyspace));
}

/// Takes a checkpoint in small slices while commands go on, then replays it and the batches since
/// its start.
void CheckFuzzyCheckpoint(std::mt19937_64& random, RandomWriter::Range range, size_t budget) {
  Keyspace keyspace;
  keyspace.limits().hash_max_listpack_entries = 8;
  View view(keyspace);
  Model model;
  RandomWriter writer(view, model, random(), range);
  for (int step = 0; step < 2000; ++step) ASSERT_NO_FATAL_FAILURE(writer.Step());
  view.Reset();

  std::vector<std::string> checkpoint;
  std::vector<std::string> tail;
  ChangeBuffer chunk;
  std::vector<uint32_t> tables;
  for (uint32_t db = 0; db < keyspace.database_count(); ++db) {
    tables.push_back(keyspace.table_of(db));
  }
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    for (uint32_t db = 0; db < keyspace.database_count(); ++db) {
      SliceCursor cursor;
      for (bool more = true; more;) {
        more = keyspace.EncodeTable(stripe, tables[db], db, cursor, budget, chunk);
        checkpoint.emplace_back(chunk.view());
        chunk.Clear();
        for (uint64_t steps = random() % 3; steps-- > 0;) ASSERT_NO_FATAL_FAILURE(writer.Step());
        tail.emplace_back(view.changes().view());
        view.Reset();
      }
    }
  }
  Keyspace recovered;
  for (const std::string& records : checkpoint) ASSERT_TRUE(ApplyChanges(recovered, records).ok());
  for (const std::string& records : tail) ASSERT_TRUE(ApplyChanges(recovered, records).ok());
  ASSERT_EQ(ModelOf(recovered), ModelOf(keyspace));
}

TEST(Keyspace, FuzzyCheckpointAndTailGiveTheLiveState) {
  std::mt19937_64 random(test::Seed());
  for (int round = 0; round < 25; ++round) {
    ASSERT_NO_FATAL_FAILURE(CheckFuzzyCheckpoint(
        random, {.databases = 2, .keys = 150, .members = 80, .swaps = round % 2 == 0},
        1 + random() % 2000));
  }
}

TEST(Keyspace, CheckpointOfAQuietKeyspaceIsTheKeyspace) {
  Keyspace keyspace;
  View view(keyspace);
  view.OpenWrite("big").SetString(std::string(3'000'000, 'x'), ExpiryChange::At(5));
  Key hash = view.OpenWrite("hash");
  for (int i = 0; i < 20000; ++i) hash.HashSet(std::to_string(i), "v" + std::to_string(i));
  hash.SetExpiry(77);
  Key set = view.OpenWriteIn(15, "set");
  for (int i = 0; i < 20000; ++i) set.SetAdd("m" + std::to_string(i));
  Keyspace copy;
  ChangeBuffer chunk;
  size_t largest = 0;
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    for (uint32_t db = 0; db < 16; ++db) {
      SliceCursor cursor;
      for (bool more = true; more;) {
        more = keyspace.EncodeSlice(stripe, db, cursor, 64 << 10, chunk);
        largest = std::max(largest, chunk.size());
        ASSERT_TRUE(ApplyChanges(copy, chunk.view()).ok());
        chunk.Clear();
      }
    }
  }
  EXPECT_EQ(ModelOf(copy), ModelOf(keyspace));
  EXPECT_LT(largest, size_t{80} << 10);
  // The large string was cut, and yet has no more room than it needs.
  EXPECT_LT(copy.UsedBytes(), keyspace.UsedBytes() + keyspace.UsedBytes() / 20);
}

TEST(Keyspace, ReplayRefusesDatabasesThatDoNotExist) {
  ChangeBuffer changes;
  changes.SetString(9, "k", "v", kNoExpiry);
  Keyspace small({.databases = 4});
  const Status applied = ApplyChanges(small, changes.view());
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Errc::kInvalidArgument);
  EXPECT_NE(applied.error().detail.find("databases"), std::string::npos);
}

TEST(Keyspace, ReplayAcceptsEveryLengthThatASettingAllows) {
  EXPECT_EQ(Keyspace().string_bytes_max(), limits::kValueBytesMax);
  EXPECT_EQ(Keyspace({.databases = 1}).string_bytes_max(), limits::kValueBytesMax);
}

TEST(Keyspace, ReplayRefusesStringsThatAreTooLong) {
  ChangeBuffer changes;
  changes.Splice(0, "k", 900, std::string(200, 'x'));
  Keyspace small({.databases = 1, .string_bytes_max = 1000});
  EXPECT_FALSE(ApplyChanges(small, changes.view()).ok());
}

TEST(Keyspace, MillionKeysAreFlushedApart) {
  Keyspace keyspace;
  View view(keyspace);
  for (int i = 0; i < 200'000; ++i)
    view.OpenWrite("key:" + std::to_string(i)).SetString("value", ExpiryChange::Clear());
  view.Reset();
  EXPECT_EQ(view.DbSize(0), 200'000u);
  EXPECT_GT(keyspace.UsedBytes(), size_t{200'000 * 32});
  EXPECT_EQ(view.Flush(0), 200'000u);
  EXPECT_EQ(keyspace.UsedBytes(), 0u);
  EXPECT_EQ(view.DbSize(0), 0u);
  keyspace.DrainReclaimer();
  EXPECT_EQ(keyspace.reclaimer().pending(), 0u);
  EXPECT_EQ(keyspace.reclaimer().freed(), 200'000u);
}

TEST(Keyspace, AMillionMembersAreFreedApart) {
  Keyspace keyspace;
  View view(keyspace);
  const size_t before = keyspace.UsedBytes();
  {
    Key key = view.OpenWrite("set");
    for (int i = 0; i < 100'000; ++i) key.SetAdd("member:" + std::to_string(i));
  }
  view.Reset();
  EXPECT_GT(keyspace.UsedBytes(), before + 100'000 * 16);
  view.OpenWrite("set").Erase();
  EXPECT_LT(keyspace.UsedBytes(), before + 1'000);
  keyspace.DrainReclaimer();
  EXPECT_EQ(keyspace.reclaimer().freed(), 1u);
}

TEST(Keyspace, AStripeKnowsItsTablesAmongManyDatabases) {
  Keyspace keyspace({.databases = 5000});
  View view(keyspace);
  view.set_now_ms(1000);
  const uint32_t stripe = StripeOf(KeyHash("k"));
  for (const uint32_t db : {7u, 4000u}) {
    Key key = view.OpenWriteIn(db, "k");
    key.SetString("v", ExpiryChange::At(2000));
  }
  EXPECT_EQ(keyspace.stripe(stripe).made.size(), 2u);
  view.Swap(7, 8);
  view.Flush(8);
  EXPECT_EQ(keyspace.stripe(stripe).made.size(), 1u);
  view.set_now_ms(2001);
  EXPECT_EQ(view.ExpireDue(stripe, 10), 1u);
  EXPECT_EQ(keyspace.NextDueMs(stripe), kNothingDue);
}

}  // namespace
}  // namespace tideway::backend
