#include "cdc/outbox.h"

#include <gtest/gtest.h>

#include "cdc/name_header.h"

namespace tideway::cdc {
namespace {

TEST(Outbox, KeepsTheOrderAndTheBytes) {
  Outbox outbox;
  outbox.Push({Outbox::Kind::kMessage, Topic::kChannel, "s", "", "one"});
  outbox.Push({Outbox::Kind::kInterestBegan, Topic::kPattern, "a*", "", ""});
  outbox.Push({Outbox::Kind::kEvent, Topic::kChannel, "t", "name", "two"});
  EXPECT_EQ(outbox.bytes(), 14u);
  Outbox taken;
  taken.Swap(outbox);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(taken.Take().payload, "one");
  const Outbox::Entry interest = taken.Take();
  EXPECT_EQ(interest.topic, Topic::kPattern);
  EXPECT_EQ(interest.subject, "a*");
  const Outbox::Entry event = taken.Take();
  EXPECT_EQ(event.subject, "t");
  EXPECT_EQ(event.name, "name");
  EXPECT_EQ(event.payload, "two");
  EXPECT_TRUE(taken.empty());
  EXPECT_EQ(taken.bytes(), 0u);
  taken.Clear();
  taken.Push({Outbox::Kind::kMessage, Topic::kChannel, "", "", ""});
  EXPECT_FALSE(taken.empty());
}

TEST(NameHeader, IsTextThatReadsBack) {
  const std::string name("a\0\xff\r\n", 5);
  EXPECT_EQ(EncodeNameHeader(name), "6100ff0d0a");
  EXPECT_EQ(DecodeNameHeader(EncodeNameHeader(name)), name);
  EXPECT_EQ(DecodeNameHeader("6"), "");
  EXPECT_EQ(DecodeNameHeader("zz"), "");
}

}  // namespace
}  // namespace tideway::cdc
