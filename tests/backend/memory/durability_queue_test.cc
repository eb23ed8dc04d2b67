#include "backend/memory/durability_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "backend/data/keyspace.h"
#include "tests/support/manual_port.h"

namespace tideway::backend {
namespace {

using test::ManualPort;
using testing::ElementsAre;
using testing::IsEmpty;

// A batch that writes down how it ended.
class NamedBatch final : private BatchOwner, public Batch {
 public:
  NamedBatch(std::string name, std::vector<std::string>& told, size_t thread = 0)
      : Batch(static_cast<BatchOwner&>(*this), thread), name_(std::move(name)), told_(told) {}
  View& view() override { return view_; }

 private:
  void OnLoaded(Batch&) override {}
  void OnCommitted(Batch&) override {
    told_.push_back(name_ + (outcome == Outcome::kUndecided ? " undecided" : ""));
  }

  const std::string name_;
  std::vector<std::string>& told_;
  Keyspace keyspace_{{.databases = 1}};
  View view_{keyspace_};
};

class DurabilityQueueTest : public testing::Test {
 protected:
  DurabilityQueueTest() { queue.Attach({&ports[0], &ports[1]}); }

  void RunJobs(size_t thread = 0) {
    for (const auto& job : ports[thread].Take()) job();
  }
  bool Wait(Batch& batch, Ticket ticket, bool wrote = true, int64_t since_ms = 0) {
    return queue.Wait(batch, ticket, wrote, since_ms, journal_durable);
  }
  // Announces on one thread what `from` committed.
  void Announce(std::string text, Ticket ticket, size_t from = DurabilityQueue::kNoThread,
                size_t thread = 0, DurabilityQueue::Gate gate = DurabilityQueue::Gate::kDurable) {
    auto tell = [this, text = std::move(text)](size_t) { told.push_back(text); };
    AnnounceFn(std::move(tell), ticket, from, thread, gate);
  }
  void AnnounceFn(TellFn tell, Ticket ticket, size_t from = DurabilityQueue::kNoThread,
                  size_t thread = 0, DurabilityQueue::Gate gate = DurabilityQueue::Gate::kDurable) {
    queue.Wake(queue.Announce(from,
                              {std::make_shared<const TellFn>(std::move(tell)), 1ull << thread},
                              gate, ticket, journal_durable));
  }

  ManualPort ports[2];
  DurabilityQueue queue;
  Ticket journal_durable = 0;  // what the journal says when a batch looks
  std::vector<std::string> told;
};

TEST_F(DurabilityQueueTest, WhatIsDurableDoesNotWait) {
  NamedBatch batch("a", told);
  journal_durable = 5;
  EXPECT_FALSE(Wait(batch, 5));
  queue.OnDurable(7);
  EXPECT_FALSE(Wait(batch, 7)) << "the news count, too, when the caller looked before them";
  RunJobs();
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(DurabilityQueueTest, ABatchIsToldOnItsThreadWhenItsTicketIsDurable) {
  NamedBatch a("a", told);
  NamedBatch b("b", told, 1);
  EXPECT_TRUE(Wait(a, 1));
  EXPECT_TRUE(Wait(b, 2));
  queue.OnDurable(2);
  EXPECT_THAT(told, IsEmpty()) << "never on the journal's thread";
  RunJobs(1);
  EXPECT_THAT(told, ElementsAre("b"));
  RunJobs(0);
  EXPECT_THAT(told, ElementsAre("b", "a"));
}

TEST_F(DurabilityQueueTest, OthersGoOnWaiting) {
  NamedBatch a("a", told);
  NamedBatch b("b", told);
  Wait(a, 1);
  Wait(b, 2);
  queue.OnDurable(1);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("a"));
  queue.OnDurable(2);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("a", "b"));
}

TEST_F(DurabilityQueueTest, ABusyThreadGetsOneJobForSeveralNews) {
  NamedBatch a("a", told);
  NamedBatch b("b", told);
  Wait(a, 1);
  Wait(b, 2);
  queue.OnDurable(1);
  queue.OnDurable(2);
  EXPECT_EQ(ports[0].Take().size(), 1u);
  EXPECT_THAT(ports[1].Take(), IsEmpty()) << "nobody waits there";
}

TEST_F(DurabilityQueueTest, AWriteDoesNotOvertakeOneThatIsDurableButNotTold) {
  NamedBatch first("first", told);
  NamedBatch second("second", told);
  NamedBatch reader("reader", told);
  Wait(first, 1);
  queue.OnDurable(1);
  journal_durable = 2;  // known to the journal, OnDurable is on its way
  EXPECT_TRUE(Wait(second, 2));
  EXPECT_FALSE(Wait(reader, 1, false)) << "a read overtakes nothing";
  queue.OnDurable(2);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("first", "second"));
}

TEST_F(DurabilityQueueTest, AnnouncementsComeInTheirOrderWhateverThreadTheyAreFrom) {
  Announce("0", 1, 0, 1);
  Announce("1", 2, 1, 1);
  Announce("none", 3, DurabilityQueue::kNoThread, 1);
  queue.OnDurable(3);
  EXPECT_THAT(told, IsEmpty()) << "never on the journal's thread";
  NamedBatch batch("own batch", told, 1);
  journal_durable = 3;
  EXPECT_FALSE(Wait(batch, 2));
  RunJobs(1);
  EXPECT_THAT(told, ElementsAre("0", "1", "none"));
}

TEST_F(DurabilityQueueTest, AnAnnouncementWaitsForItsTicketAndLetsOlderOnesPass) {
  Announce("new", 2);
  Announce("old", 1);
  RunJobs();
  EXPECT_THAT(told, IsEmpty());
  queue.OnDurable(1);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("old"));
  queue.OnDurable(2);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("old", "new"));
}

TEST_F(DurabilityQueueTest, WhatNeedsNoDurabilityPassesNothingThatDoes) {
  using Gate = DurabilityQueue::Gate;
  Announce("waits", 2);
  Announce("behind", 0, DurabilityQueue::kNoThread, 0, Gate::kBehind);
  Announce("waits, too", 1);
  Announce("message", 0, DurabilityQueue::kNoThread, 0, Gate::kFree);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("message"));
  queue.OnDurable(1);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("message"));
  queue.OnDurable(2);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("message", "waits", "behind", "waits, too"));
}

TEST_F(DurabilityQueueTest, ABatchEndsBeforeWhatItAnnounced) {
  NamedBatch batch("batch", told);
  Announce("event", 1, 0);
  Wait(batch, 1);
  queue.OnDurable(1);
  queue.Deliver(0);  // before the job ran
  EXPECT_THAT(told, IsEmpty());
  RunJobs();
  EXPECT_THAT(told, ElementsAre("batch", "event"));
}

TEST_F(DurabilityQueueTest, AThreadIsWokenOnlyForWhatIsDue) {
  Announce("waits", 1, 1);
  EXPECT_THAT(ports[0].Take(), IsEmpty());
  journal_durable = 2;
  Announce("due", 2, 1);
  EXPECT_EQ(ports[0].Take().size(), 1u);
  Announce("own", 2, 0);
  queue.Deliver(0);
  EXPECT_THAT(told, ElementsAre("waits", "due"));
}

TEST_F(DurabilityQueueTest, AfterDetachNoPortIsUsed) {
  NamedBatch batch("a", told);
  Wait(batch, 1);
  Announce("event", 1, 1);
  queue.Detach();
  queue.OnDurable(1);
  EXPECT_THAT(ports[0].Take(), IsEmpty());
  EXPECT_THAT(ports[1].Take(), IsEmpty());
}

TEST_F(DurabilityQueueTest, AnOwnerMayWaitAgainWhileItIsTold) {
  NamedBatch again("again", told);
  AnnounceFn([&](size_t) { EXPECT_TRUE(Wait(again, 2)); }, 1);
  queue.OnDurable(1);
  RunJobs();
  EXPECT_THAT(told, IsEmpty());
  queue.OnDurable(2);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("again"));
}

TEST_F(DurabilityQueueTest, GivingUpLooksFirstWhatIsDurable) {
  NamedBatch write("write", told);
  Wait(write, 1, true, 100);
  queue.GiveUp(100);
  queue.OnDurable(1);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("write"));
}

TEST_F(DurabilityQueueTest, WhatAnUndecidedBatchAnnouncedIsToldOnceItIsDurable) {
  NamedBatch write("write", told);
  Announce("event", 1, 0);
  Wait(write, 1, true, 100);
  queue.GiveUp(100);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("write undecided"));
  queue.OnDurable(1);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("write undecided", "event"));
}

TEST_F(DurabilityQueueTest, GivingUpEndsOldWritesUndecidedAndAllReads) {
  NamedBatch old_write("old write", told);
  NamedBatch young_write("young write", told);
  NamedBatch read("read", told);
  Wait(old_write, 1, true, 100);
  Wait(young_write, 2, true, 101);
  Wait(read, 1, false, 5000);
  Announce("expired", 3);
  queue.GiveUp(100);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("old write undecided", "read"));
  queue.OnDurable(3);
  RunJobs();
  EXPECT_THAT(told, ElementsAre("old write undecided", "read", "young write", "expired"));
}

// The journal's thread moves on while I/O threads come to wait: nobody is left behind, and each
// thread's batches end in their order.
TEST_F(DurabilityQueueTest, NobodyIsLeftWaiting) {
  constexpr Ticket kTickets = 20'000;
  std::atomic<Ticket> handed_out{0};
  std::atomic<Ticket> durable{0};
  std::atomic<int> working{2};

  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      Ticket newest = 0;
      Ticket waiting = 0;
      const auto run = [&] {
        for (const auto& job : ports[thread].Take()) job();
      };
      for (Ticket ticket = ++handed_out; ticket <= kTickets; ticket = ++handed_out) {
        ++waiting;
        const auto tell = std::make_shared<const TellFn>([&, ticket](size_t) {
          EXPECT_GT(ticket, newest);
          newest = ticket;
          --waiting;
        });
        queue.Announce(DurabilityQueue::kNoThread, {tell, 1ull << thread},
                       DurabilityQueue::Gate::kDurable, ticket, durable);
        queue.Deliver(thread);
        run();
      }
      while (waiting != 0) run();
      --working;
    });
  }
  std::thread journal([&] {
    while (working != 0) {
      const Ticket now = std::min(handed_out.load(), kTickets);
      if (now == durable) {
        std::this_thread::yield();
        continue;
      }
      durable = now;
      queue.OnDurable(now);
    }
  });
  for (std::thread& thread : threads) thread.join();
  journal.join();
}

}  // namespace
}  // namespace tideway::backend
