#include <gtest/gtest.h>

#include "cdc/bus.h"

namespace tideway::cdc {
namespace {

TEST(InProcessBus, HasNobodyToTell) {
  const auto bus = MakeInProcessBus();
  EXPECT_TRUE(bus->alone());
  EXPECT_FALSE(bus->carries_events());
  EXPECT_EQ(bus->InterestBegan(Topic::kChannel, "c"), 0u);
  bus->Publish(Topic::kChannel, "c", "m");
  bus->InterestEnded(Topic::kChannel, "c");
  EXPECT_EQ(bus->Refusal(Topic::kChannel, "c", size_t{1} << 30), "");
  EXPECT_TRUE(bus->Facts().empty());
}

TEST(InProcessBus, AnswersAtOnce) {
  const auto bus = MakeInProcessBus();
  bool answered = false;
  bus->Ask({}, [&](const Bus::Answers& answers) { answered = answers.empty(); });
  EXPECT_TRUE(answered);
}

}  // namespace
}  // namespace tideway::cdc
