#include "cdc/change_event.h"

#include <gtest/gtest.h>

#include "cdc/change_event.pb.h"

namespace tideway::cdc {
namespace {

TEST(ChangeEvent, TravelsWhole) {
  ChangeEvent event{
      "c",    3,      std::string("k\0\xff", 3), 1234567890123456789u, 2, "hset", {}, 1700000000000,
      "node", "value"};
  event.type = ChangedType::kHash;
  EXPECT_EQ(DecodeChangeEvent(Encode(event)), event);
  event.value.reset();
  EXPECT_EQ(DecodeChangeEvent(Encode(event)), event);
}

TEST(ChangeEvent, OtherBytesAreNone) {
  EXPECT_EQ(DecodeChangeEvent(""), std::nullopt);
  EXPECT_EQ(DecodeChangeEvent("hello"), std::nullopt);
}

TEST(ChangeEvent, NewerVersionsAreReadAsFarAsKnown) {
  events::v1::ChangeEvent message;
  message.set_version(9);
  message.set_event("zadd");
  message.set_key("k");
  message.set_type(static_cast<events::v1::ChangeEvent::Type>(77));
  const auto event = DecodeChangeEvent(message.SerializeAsString());
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event, "zadd");
  EXPECT_EQ(event->type, ChangedType::kUnknown);
}

}  // namespace
}  // namespace tideway::cdc
