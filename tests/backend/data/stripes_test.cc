// Several threads on one keyspace, each with the stripes that it needs: what ThreadSanitizer
// watches.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "backend/view.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

/// Holds the stripes of some keys, or all of them.
class Stripes {
 public:
  Stripes(Keyspace& keyspace, const std::vector<std::string>& keys) {
    std::set<uint32_t> wanted;
    for (const std::string& key : keys) wanted.insert(StripeOf(KeyHash(key)));
    for (const uint32_t stripe : wanted) locks_.emplace_back(keyspace.stripe(stripe).mutex);
  }
  explicit Stripes(Keyspace& keyspace) {
    for (uint32_t stripe = 0; stripe < kStripes; ++stripe)
      locks_.emplace_back(keyspace.stripe(stripe).mutex);
  }

 private:
  std::vector<std::unique_lock<StripeMutex>> locks_;
};

void Transfer(View& view, std::mt19937_64& random, int64_t now_ms) {
  const std::string from = "k" + std::to_string(random() % 200);
  const std::string to = "k" + std::to_string(random() % 200);
  const Stripes held(view.keyspace(), {from, to});
  view.set_now_ms(now_ms);
  view.set_db(static_cast<uint32_t>(random() % 3));
  Key source = view.OpenWrite(from);
  if (!source.exists()) {
    source.SetString("value", ExpiryChange::At(now_ms + static_cast<int64_t>(random() % 50)));
  } else if (from != to) {
    Key target = view.OpenWrite(to);
    source.MoveTo(target);
  }
  const uint64_t revision = view.WatchRevision(view.db(), to);
  EXPECT_EQ(view.CurrentRevision(view.db(), to), revision);
  view.ReleaseWatch(view.db(), to);
}

void WholeKeyspace(View& view, std::mt19937_64& random) {
  const Stripes held(view.keyspace());
  view.set_db(static_cast<uint32_t>(random() % 3));
  view.RandomKey();
  view.Scan(0, 20, [](const Key&) {});
  if (random() % 4 == 0) view.Flush(view.db());
  if (random() % 4 == 0) view.Swap(0, static_cast<uint32_t>(random() % 3));
}

TEST(Stripes, ThreadsShareAKeyspace) {
  const uint64_t seed = test::Seed();
  Keyspace keyspace;
  std::atomic<int64_t> now_ms{1'700'000'000'000};
  std::atomic<int> working{2};
  const auto work = [&](uint64_t thread_seed) {
    std::mt19937_64 random(thread_seed);
    View view(keyspace);
    for (int i = 0; i < 4000; ++i) {
      if (random() % 100 == 0) {
        WholeKeyspace(view, random);
      } else {
        Transfer(view, random, now_ms += 1);
      }
      view.Reset();
    }
    --working;
  };
  std::thread first(work, seed);
  std::thread second(work, seed + 1);
  // Meanwhile: the expirer, and somebody who asks for figures and changes settings.
  View view(keyspace);
  while (working > 0) {
    for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
      if (keyspace.DueHintMs(stripe) >= now_ms) continue;
      const std::lock_guard lock(keyspace.stripe(stripe).mutex);
      view.set_now_ms(now_ms);
      view.ExpireDue(stripe, 10);
    }
    view.Reset();
    EXPECT_LT(keyspace.UsedBytes(), size_t{10} << 20);
    keyspace.limits().hash_max_listpack_entries = keyspace.swap_epoch();
  }
  first.join();
  second.join();
}

}  // namespace
}  // namespace tideway::backend
