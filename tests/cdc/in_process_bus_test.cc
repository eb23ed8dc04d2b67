// The bus of a node alone: takes everything, brings nothing.
#include <gtest/gtest.h>

#include "cdc/bus.h"

namespace tideway::cdc {
namespace {

TEST(InProcessBus, BringsNothingBack) {
  const auto bus = MakeInProcessBus();
  int received = 0;
  bus->SetReceiver([&](Topic, std::string_view, std::string_view) { ++received; });
  bus->InterestBegan(Topic::kChannel, "c");
  bus->Publish(Topic::kChannel, "c", "m");
  bus->Publish(Topic::kShardChannel, "c", "m");
  bus->InterestEnded(Topic::kChannel, "c");
  // Local listeners are served by the caller: a message that came back would reach them twice.
  EXPECT_EQ(received, 0);
  bus->SetReceiver({});
}

}  // namespace
}  // namespace tideway::cdc
