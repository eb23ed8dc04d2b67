#include "backend/data/segment_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

/// An item that carries its own position, so that a test can shape the hash.
struct alignas(16) Item {
  uint64_t position;
  std::string key;
};

struct ItemTraits {
  using Item = backend::Item;
  static std::string_view KeyOf(const Item* item) { return item->key; }
  static uint64_t PositionOf(const Item* item) { return item->position; }
};

using Table = SegmentTable<ItemTraits>;

/// Items by number; the position is a hash of it that `shape` bends.
class Items {
 public:
  using Shape = uint64_t (*)(uint64_t hash);
  explicit Items(Shape shape) : shape_(shape) {}

  Item* Of(uint64_t number) {
    std::unique_ptr<Item>& item = items_[number];
    if (item == nullptr) {
      std::mt19937_64 hash(number);
      item = std::make_unique<Item>(Item{shape_(hash()), std::to_string(number)});
    }
    return item.get();
  }

 private:
  Shape shape_;
  std::unordered_map<uint64_t, std::unique_ptr<Item>> items_;
};

uint64_t Uniform(uint64_t hash) { return hash; }
/// All in one 1/4096 of the space: splits that leave one side empty, twelve levels deep.
uint64_t Crowded(uint64_t hash) { return hash >> 12; }
/// Seven hundred distinct positions: long runs of equal homes and tags.
uint64_t Repeating(uint64_t hash) { return (hash % 700) * 0x9e3779b97f4a7c15u; }

class SegmentTableShapes : public testing::TestWithParam<Items::Shape> {};

TEST_P(SegmentTableShapes, EqualsSet) {
  std::mt19937_64 random(test::Seed());
  Items items(GetParam());
  Items others(GetParam());
  Table table;
  std::map<uint64_t, Item*> model;
  for (const size_t goal : {10u, 3000u, 20u, 6000u, 0u, 500u, 0u}) {
    while (model.size() != goal) {
      uint64_t number = random() % 12000;
      const auto near = model.lower_bound(number);
      if (model.size() > goal && random() % 4 > 0 && near != model.end()) number = near->first;
      Item* const item = items.Of(number);
      const auto it = model.find(number);
      ASSERT_EQ(table.Find(item->position, item->key), it == model.end() ? nullptr : it->second);
      if (it == model.end() && (model.size() < goal || random() % 8 == 0)) {
        table.Insert(item->position, item);
        model[number] = item;
      } else if (it != model.end() && (model.size() > goal || random() % 4 == 0)) {
        table.Erase(it->second->position, it->second);
        model.erase(it);
      } else if (it != model.end() && random() % 8 == 0) {
        Item* const other = it->second == item ? others.Of(number) : item;
        table.Replace(item->position, it->second, other);
        it->second = other;
      }
      ASSERT_EQ(table.size(), model.size());
    }
    std::set<Item*> told;
    table.ForEach([&](Item* item) { EXPECT_TRUE(told.insert(item).second); });
    ASSERT_EQ(told.size(), model.size());
    for (const auto& [number, item] : model) {
      ASSERT_TRUE(told.contains(item));
      ASSERT_EQ(table.Find(item->position, item->key), item);
    }
  }
  EXPECT_LE(table.bytes(), 64u);
}

TEST_P(SegmentTableShapes, ScanTellsWhatStays) {
  std::mt19937_64 random(test::Seed());
  for (int round = 0; round < 5; ++round) {
    Items items(GetParam());
    Table table;
    std::set<uint64_t> present;
    const auto toggle = [&](uint64_t number, bool wanted) {
      if (present.contains(number) == wanted) return;
      Item* const item = items.Of(number);
      if (wanted) {
        table.Insert(item->position, item);
        present.insert(number);
      } else {
        table.Erase(item->position, item);
        present.erase(number);
      }
    };
    // Numbers below 300 stay; the others come and go in waves that grow and shrink the table.
    for (uint64_t number = 0; number < 300; ++number) toggle(number, true);
    std::multiset<std::string> told;
    uint64_t cursor = 0;
    const size_t count = 1 + random() % 40;
    do {
      size_t step = 0;
      cursor = table.Scan(cursor, count, [&](Item* item) {
        told.insert(item->key);
        ++step;
      });
      ASSERT_TRUE(step >= count || cursor == 0);
      const bool growing = random() % 2 == 0;
      for (uint64_t i = random() % 1500; i-- > 0;) toggle(300 + random() % 6000, growing);
    } while (cursor != 0);
    for (uint64_t number = 0; number < 300; ++number)
      ASSERT_GE(told.count(std::to_string(number)), 1u) << number;
  }
}

TEST_P(SegmentTableShapes, ScanOfAQuietTableTellsEachOnceInHashOrder) {
  Items items(GetParam());
  Table table;
  for (uint64_t number = 0; number < 5000; ++number)
    table.Insert(items.Of(number)->position, items.Of(number));
  std::set<Item*> told;
  uint64_t last_cursor = 0;
  for (uint64_t cursor = 0;;) {
    cursor = table.Scan(cursor, 7, [&](Item* item) { EXPECT_TRUE(told.insert(item).second); });
    if (cursor == 0) break;
    ASSERT_GT(cursor, last_cursor);
    ASSERT_LT(cursor, uint64_t{1} << SegmentDirectory::kCursorBits);
    last_cursor = cursor;
  }
  EXPECT_EQ(told.size(), table.size());
}

INSTANTIATE_TEST_SUITE_P(Hashes, SegmentTableShapes, testing::Values(Uniform, Crowded, Repeating));

TEST(SegmentTable, ScanTakesAnyCursor) {
  std::mt19937_64 random(test::Seed());
  Items items(Uniform);
  Table table;
  EXPECT_EQ(table.Scan(77, 10, [](Item*) { FAIL(); }), 0u);
  for (uint64_t number = 0; number < 3000; ++number)
    table.Insert(items.Of(number)->position, items.Of(number));
  for (int i = 0; i < 1000; ++i) {
    const uint64_t cursor = random() >> (random() % 64);
    const uint64_t next = table.Scan(cursor, 1 + random() % 50, [](Item*) {});
    EXPECT_TRUE(next == 0 || next > cursor);
  }
}

TEST(SegmentTable, TakesTwelveBytesAnItemOrLess) {
  Items items(Uniform);
  Table table;
  for (uint64_t number = 0; number < 300'000; ++number) {
    table.Insert(items.Of(number)->position, items.Of(number));
    if (number < 100'000 || number % 1000 != 0) continue;
    ASSERT_LT(static_cast<double>(table.bytes()) / static_cast<double>(table.size()), 13.0);
  }
}

TEST(SegmentTable, RandomIsUniform) {
  std::mt19937_64 random(test::Seed());
  for (const uint64_t size : {1u, 2u, 5u, 100u, 700u}) {
    Items items(Uniform);
    Table table;
    for (uint64_t number = 0; number < size; ++number)
      table.Insert(items.Of(number)->position, items.Of(number));
    std::map<std::string, int> hits;
    constexpr int kDraws = 200;
    for (uint64_t i = 0; i < size * kDraws; ++i) ++hits[table.Random(random())->key];
    ASSERT_EQ(hits.size(), size);
    double chi_square = 0;
    for (const auto& [key, count] : hits)
      chi_square += (count - kDraws) * (count - kDraws) / double{kDraws};
    // Mean size - 1, variance twice that: beyond six deviations something is wrong.
    const double freedom = static_cast<double>(size) - 1;
    EXPECT_LT(chi_square, freedom + 6 * std::sqrt(2 * freedom) + 6) << size;
  }
}

TEST(SegmentTable, RandomOfAThinTableEnds) {
  Items items(Uniform);
  Table table;
  for (uint64_t number = 0; number < 20'000; ++number)
    table.Insert(items.Of(number)->position, items.Of(number));
  for (uint64_t number = 3; number < 20'000; ++number)
    table.Erase(items.Of(number)->position, items.Of(number));
  std::set<std::string> seen;
  for (uint64_t i = 0; i < 1000; ++i) seen.insert(table.Random(i * 0x9e3779b97f4a7c15u)->key);
  EXPECT_EQ(seen, (std::set<std::string>{"0", "1", "2"}));
}

}  // namespace
}  // namespace tideway::backend
