#include "resp/bus_inbox.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tideway::resp {
namespace {

std::vector<std::string> TakeAll(BusInbox& inbox, size_t max, bool* more) {
  std::vector<std::string> taken;
  *more = inbox.Take(max, [&](const BusMessage& message) {
    taken.push_back(std::string(message.channel) + "=" + std::string(message.payload));
  });
  return taken;
}

TEST(BusInbox, TellsItsThreadOnceAndKeepsTheOrder) {
  BusInbox inbox;
  EXPECT_EQ(inbox.Push({{}, ChannelKind::kExact, "a", "1"}), BusInbox::Pushed::kFirst);
  EXPECT_EQ(inbox.Push({{}, ChannelKind::kExact, "", "2"}), BusInbox::Pushed::kBehind);
  EXPECT_EQ(inbox.Push({{}, ChannelKind::kExact, "c", ""}), BusInbox::Pushed::kBehind);
  bool more = false;
  EXPECT_EQ(TakeAll(inbox, 2, &more), (std::vector<std::string>{"a=1", "=2"}));
  EXPECT_TRUE(more);
  EXPECT_EQ(inbox.Push({{}, ChannelKind::kExact, "d", "4"}), BusInbox::Pushed::kBehind);
  EXPECT_EQ(TakeAll(inbox, 9, &more), (std::vector<std::string>{"c=", "d=4"}));
  EXPECT_FALSE(more);
  EXPECT_EQ(inbox.Push({{}, ChannelKind::kExact, "e", "5"}), BusInbox::Pushed::kFirst);
}

TEST(BusInbox, DropsWhatIsTooMuch) {
  BusInbox inbox;
  const std::string payload(size_t{1} << 20, 'x');
  size_t kept = 0;
  while (inbox.Push({{}, ChannelKind::kExact, "c", payload}) != BusInbox::Pushed::kDropped) ++kept;
  EXPECT_GE(kept * payload.size(), BusInbox::kBytesMax);
  EXPECT_LE(kept * payload.size(), BusInbox::kBytesMax + 2 * payload.size());
  bool more = false;
  EXPECT_EQ(TakeAll(inbox, 10'000, &more).size(), kept);
  EXPECT_EQ(inbox.Push({{}, ChannelKind::kExact, "c", "x"}), BusInbox::Pushed::kFirst);
}

}  // namespace
}  // namespace tideway::resp
