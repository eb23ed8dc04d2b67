#include "backend/data/expiry_heap.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

Entry* NewEntry(int64_t at_ms) {
  Entry* const entry = Entry::New("key", ValueType::kString, false, true, 0);
  entry->set_expire_at_ms(at_ms);
  return entry;
}

TEST(ExpiryHeap, TopIsAlwaysTheEarliest) {
  std::mt19937_64 random(test::Seed());
  ExpiryHeap heap;
  std::multimap<int64_t, Entry*> model;
  std::map<Entry*, std::multimap<int64_t, Entry*>::iterator> places;
  const auto pick = [&] {
    auto it = places.lower_bound(reinterpret_cast<Entry*>(random() >> 17));
    return (it == places.end() ? places.begin() : it)->first;
  };
  const auto drop = [&](Entry* entry) {
    heap.Remove(entry);
    EXPECT_EQ(entry->heap_index(), Entry::kNotInHeap);
    model.erase(places.at(entry));
    places.erase(entry);
    Entry::Free(entry);
  };
  for (const size_t goal : {5u, 3000u, 0u, 400u, 0u}) {
    while (model.size() != goal) {
      const int64_t at_ms = static_cast<int64_t>(random() % 5000);
      if (model.size() < goal ? random() % 3 > 0 : model.empty()) {
        Entry* const entry = NewEntry(at_ms);
        heap.Push(entry);
        places[entry] = model.emplace(at_ms, entry);
      } else if (!model.empty() && random() % 3 > 0) {
        drop(random() % 2 == 0 ? heap.top().entry : pick());
      } else if (!model.empty()) {
        Entry* const entry = pick();
        entry->set_expire_at_ms(at_ms);
        heap.Update(entry);
        model.erase(places.at(entry));
        places[entry] = model.emplace(at_ms, entry);
      }
      ASSERT_EQ(heap.size(), model.size());
      if (!model.empty()) {
        ASSERT_EQ(heap.top().at_ms, model.begin()->first);
      }
    }
  }
}

TEST(ExpiryHeap, FollowsAnEntryThatMoves) {
  ExpiryHeap heap;
  Entry* first = NewEntry(10);
  Entry* const second = NewEntry(20);
  heap.Push(second);
  heap.Push(first);
  Entry* const moved = Entry::Rebuild(*first, "key", true, 500);
  Entry::Free(first);
  heap.Moved(moved);
  EXPECT_EQ(heap.top().entry, moved);
  heap.Remove(moved);
  EXPECT_EQ(heap.top().entry, second);
  heap.Remove(second);
  Entry::Free(moved);
  Entry::Free(second);
}

}  // namespace
}  // namespace tideway::backend
