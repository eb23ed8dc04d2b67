// The bus over a link that is driven by hand: what it subscribes to, publishes, acknowledges and
// counts, also while there is no server.
#include "cdc/nats_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/cdc/manual_link.h"

namespace tideway::cdc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Listener final : public BusListener {
 public:
  void OnMessage(Via via, Topic topic, std::string_view channel,
                 std::string_view payload) override {
    const char* const mark = via == kViaOwnChannel ? "=" : "~";
    const char* const kind = topic == Topic::kShardChannel ? "s " : "";
    heard.push_back(kind + std::string(channel) + mark + std::string(payload));
  }
  void OnEvent(Via, const ChangeEvent& event) override { events.push_back(event); }
  void OnRegistered(Ticket ticket) override { registered = ticket; }
  NodeAnswer OnQuestion(const NodeQuestion& question) override {
    return {{"here"}, std::vector<uint64_t>(question.names.size(), 2)};
  }
  std::vector<std::string> Take() { return std::exchange(heard, {}); }

  std::vector<std::string> heard;
  std::vector<ChangeEvent> events;
  Ticket registered = 0;
};

class NatsBusTest : public testing::Test {
 protected:
  NatsBusTest() { Make({}); }
  ~NatsBusTest() override { bus->Stop(); }

  void Make(NatsBusOptions options) {
    if (bus != nullptr) bus->Stop();
    options.node = "me";
    options.cluster = "c";
    auto owned = std::make_unique<ManualLink>();
    link = owned.get();
    bus = MakeNatsBus(std::move(options), std::move(owned), clock);
    bus->Start(listener);
  }
  // Connected, with nothing to do.
  void Up() {
    link->Up();
    Settle();
    link->TakePublished();
  }
  void Settle() {
    link->Turn();
    link->AnswerFlush();
    link->Turn();
  }
  std::string Fact(const std::string& name) {
    for (const auto& [key, value] : bus->Facts()) {
      if (key == name) return value;
    }
    return "none";
  }

  backend::ManualClock clock;
  Listener listener;
  ManualLink* link = nullptr;
  std::unique_ptr<Bus> bus;
};

TEST_F(NatsBusTest, PublishesInOrder) {
  Up();
  bus->Publish(Topic::kChannel, "room:1", "a");
  bus->Publish(Topic::kShardChannel, "room:1", "b");
  bus->Publish(Topic::kChannel, "", "");
  link->Turn();
  EXPECT_THAT(link->TakePublished(), ElementsAre(ManualLink::Message{"tw.ps.room:.1", "", "a"},
                                                 ManualLink::Message{"tw.sh.room:.1", "", "b"},
                                                 ManualLink::Message{"tw.ps.%", "", ""}));
}

TEST_F(NatsBusTest, ALongNameTravelsBesideItsHash) {
  Up();
  const std::string name(5000, 'x');
  bus->InterestBegan(Topic::kChannel, name);
  bus->Publish(Topic::kChannel, name, "m");
  Settle();
  const auto published = link->TakePublished();
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].name, name);
  EXPECT_EQ(link->Deliver(published[0].subject, "m", name), 1u);
  EXPECT_THAT(listener.Take(), ElementsAre(name + "=m"));
}

TEST_F(NatsBusTest, HearsWhatItsClientsListenTo) {
  Up();
  bus->InterestBegan(Topic::kChannel, "a:b");
  bus->InterestBegan(Topic::kPattern, "a:*");
  bus->InterestBegan(Topic::kPattern, "a:x*");
  Settle();
  EXPECT_EQ(link->Deliver("tw.ps.a:.b", "m"), 2u) << "one for each subscription, not each name";
  EXPECT_THAT(listener.Take(), ElementsAre("a:b=m", "a:b~m"));
  EXPECT_EQ(link->Deliver("tw.ps.b", "m"), 0u);
}

TEST_F(NatsBusTest, ASubscriptionEndsWithItsLastName) {
  Up();
  bus->InterestBegan(Topic::kPattern, "a:*");
  bus->InterestBegan(Topic::kPattern, "a:x*");
  bus->InterestEnded(Topic::kPattern, "a:*");
  Settle();
  EXPECT_TRUE(link->Holds("tw.ps.a:.>"));
  bus->InterestEnded(Topic::kPattern, "a:x*");
  Settle();
  EXPECT_FALSE(link->Holds("tw.ps.a:.>"));
  EXPECT_EQ(Fact("bus_subscriptions"), "0");
}

TEST_F(NatsBusTest, InterestIsRegisteredWhenTheServerSaysSo) {
  Up();
  const Ticket first = bus->InterestBegan(Topic::kChannel, "a");
  const Ticket same = bus->InterestBegan(Topic::kChannel, "b");
  EXPECT_EQ(first, same) << "one flush for both";
  EXPECT_LT(bus->registered(), first);
  link->Turn();
  EXPECT_TRUE(link->flushing());
  const Ticket later = bus->InterestBegan(Topic::kChannel, "c");
  EXPECT_GT(later, first);
  link->AnswerFlush();
  EXPECT_EQ(bus->registered(), first);
  EXPECT_EQ(listener.registered, first);
  Settle();
  EXPECT_EQ(bus->registered(), later);
}

TEST_F(NatsBusTest, AServerThatDoesNotAnswerHoldsUpASubscribeForABoundedTime) {
  Up();
  const Ticket ticket = bus->InterestBegan(Topic::kChannel, "a");
  link->Turn();
  clock.AdvanceMs(1500);
  const Ticket later = bus->InterestBegan(Topic::kChannel, "b");
  EXPECT_EQ(link->Turn(), 500);
  EXPECT_LT(bus->registered(), ticket);
  clock.AdvanceMs(500);
  link->Turn();
  EXPECT_GE(bus->registered(), later);
  EXPECT_GE(listener.registered, later);
  EXPECT_EQ(Fact("bus_registered_late"), "1");
  EXPECT_GT(bus->InterestBegan(Topic::kChannel, "c"), later) << "and the next one waits again";
}

TEST_F(NatsBusTest, WithoutAServerNothingWaitsAndWhatIsLostIsCounted) {
  EXPECT_EQ(bus->InterestBegan(Topic::kChannel, "a"), 0u);
  bus->Publish(Topic::kChannel, "a", "m");
  link->Turn();
  EXPECT_EQ(Fact("bus_lost_disconnected"), "1");
  EXPECT_EQ(Fact("bus_state"), "disconnected");
  Up();
  EXPECT_TRUE(link->Holds("tw.ps.a")) << "subscribed once there is one";
  EXPECT_EQ(Fact("bus_state"), "connected");
}

TEST_F(NatsBusTest, ALostServerEndsTheWaitingAndIsSubscribedAgain) {
  Up();
  bus->InterestBegan(Topic::kChannel, "a");
  Settle();
  const Ticket waiting = bus->InterestBegan(Topic::kChannel, "b");
  link->Turn();
  const Ticket unsent = bus->InterestBegan(Topic::kChannel, "c");
  bus->Publish(Topic::kChannel, "x", "on its way");
  link->Turn();
  bus->Publish(Topic::kChannel, "x", "not sent");
  link->Down();
  EXPECT_GE(bus->registered(), waiting);
  EXPECT_GE(bus->registered(), unsent);
  EXPECT_GE(listener.registered, unsent);
  link->Turn();
  EXPECT_EQ(Fact("bus_lost_unconfirmed"), "1");
  EXPECT_EQ(Fact("bus_lost_disconnected"), "1");
  Up();
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(link->Holds(std::string("tw.ps.") + name));
  const Ticket after = bus->InterestBegan(Topic::kChannel, "d");
  EXPECT_LT(bus->registered(), after);
  Settle();
  EXPECT_EQ(bus->registered(), after);
}

TEST_F(NatsBusTest, ABacklogIsBoundedAndDropsAreCounted) {
  NatsBusOptions options;
  options.backlog_bytes_max = 1000;
  Make(options);
  Up();
  link->set_ready(false);
  for (int i = 0; i < 100; ++i) bus->Publish(Topic::kChannel, "a", std::string(100, 'x'));
  link->Turn();
  link->set_ready(true);
  EXPECT_THAT(Fact("bus_lost_backlog"), Not("0"));
  link->Turn();
  EXPECT_LT(link->TakePublished().size(), 15u);
}

TEST_F(NatsBusTest, MessagesThatTheServerHasSeenAreNotCountedAsLost) {
  Up();
  bus->Publish(Topic::kChannel, "a", "m");
  const int64_t wait_ms = link->Turn();
  EXPECT_FALSE(link->flushing());
  clock.AdvanceMs(wait_ms);
  link->Turn();
  EXPECT_TRUE(link->flushing()) << "once a second while there is something to confirm";
  link->AnswerFlush();
  link->Down();
  EXPECT_EQ(Fact("bus_lost_unconfirmed"), "0");
}

TEST_F(NatsBusTest, TooLargeMessagesAreRefusedInWords) {
  link->Up(1000);
  EXPECT_EQ(bus->Refusal(Topic::kChannel, "a", 1000), "");
  EXPECT_THAT(bus->Refusal(Topic::kChannel, "a", 1001), HasSubstr("ERR message of 1001 bytes"));
  EXPECT_THAT(bus->Refusal(Topic::kChannel, std::string(990, 'x'), 10), HasSubstr("max_payload"));
}

TEST_F(NatsBusTest, EventsTravelWithTheirClusterAndNode) {
  NatsBusOptions options;
  options.events = true;
  Make(options);
  Up();
  bus->InterestBegan(Topic::kChannel, "__keyspace@2__:k:1");
  ChangeEvent event;
  event.db = 2;
  event.key = "k:1";
  event.event = "hset";
  bus->Publish(event);
  Settle();
  const auto published = link->TakePublished();
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].subject, "tw.ev.2.hset.k:.1");
  EXPECT_EQ(link->Deliver(published[0].subject, published[0].payload), 1u);
  ASSERT_EQ(listener.events.size(), 1u);
  EXPECT_EQ(listener.events[0].cluster, "c");
  EXPECT_EQ(listener.events[0].origin, "me");
  EXPECT_EQ(listener.events[0].key, "k:1");
  event.cluster = "another";
  link->Deliver(published[0].subject, Encode(event));
  link->Deliver(published[0].subject, "no event");
  EXPECT_EQ(listener.events.size(), 1u);
  EXPECT_EQ(Fact("bus_malformed"), "2");
}

TEST_F(NatsBusTest, NodesHearOfEachOtherAndAnswer) {
  link->Up();
  Settle();
  EXPECT_THAT(link->TakePublished(), ElementsAre(ManualLink::Message{"tw.hi", "", "me"}));
  link->Deliver("tw.hi", "other");
  link->Turn();
  EXPECT_THAT(link->TakePublished(), ElementsAre(ManualLink::Message{"tw.hi", "", "me"}));
  EXPECT_EQ(Fact("bus_nodes_seen"), "1");
  NodeQuestion question;
  question.kind = NodeQuestion::Kind::kCounts;
  question.names = {"a"};
  link->Deliver("tw.q", Encode(NumberedQuestion{9, "other", question}));
  link->Turn();
  const auto published = link->TakePublished();
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].subject, "tw.a.other");
  const auto answer = DecodeAnswer(published[0].payload);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->number, 9u);
  EXPECT_THAT(answer->answer.counts, ElementsAre(2u));
}

TEST_F(NatsBusTest, AQuestionEndsWithTheAnswersOrAfterItsTime) {
  Up();
  clock.AdvanceMs(2000);
  link->Deliver("tw.hi", "other");
  std::vector<Bus::Answers> said;
  const auto done = [&](Bus::Answers answers) { said.push_back(std::move(answers)); };
  bus->Ask({}, done);
  link->Turn();
  const auto published = link->TakePublished();
  const auto question = DecodeQuestion(published.back().payload);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->node, "me");
  link->Deliver("tw.a.me", Encode(NumberedAnswer{question->number, "other", true, {}}, 1000)[0]);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].size(), 1u);
  bus->Ask({}, done);
  EXPECT_EQ(link->Turn(), 200);
  clock.AdvanceMs(200);
  link->Turn();
  ASSERT_EQ(said.size(), 2u);
  EXPECT_THAT(said[1], IsEmpty());
  EXPECT_EQ(Fact("bus_answers_missed"), "1");
}

TEST_F(NatsBusTest, WhatIsNoMessageOfOursIsCountedAndDropped) {
  Up();
  bus->InterestBegan(Topic::kPattern, "*");
  Settle();
  link->Deliver("tw.ps.a%zz", "m");
  link->Deliver("tw.unknown", "m");
  EXPECT_THAT(listener.Take(), IsEmpty());
  EXPECT_EQ(Fact("bus_malformed"), "1");
}

}  // namespace
}  // namespace tideway::cdc
