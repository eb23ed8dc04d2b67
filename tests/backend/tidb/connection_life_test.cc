#include "backend/tidb/connection_life.h"

#include <gtest/gtest.h>

namespace tideway::backend {
namespace {

using Need = ConnectionLife::Need;

TEST(ConnectionLife, AsksOnlyWhenItWasNotUsed) {
  ConnectionLife life;
  life.Begin(1'000, 0, 0);
  EXPECT_EQ(life.At(10'999), Need::kNothing);
  EXPECT_EQ(life.At(11'000), Need::kPing);
  life.Used(11'000);
  EXPECT_EQ(life.At(20'999), Need::kNothing);
  EXPECT_EQ(life.At(21'000), Need::kPing);
}

TEST(ConnectionLife, EndsAtItsTimeHoweverBusyItIs) {
  ConnectionLife life;
  life.Begin(0, 60'000, 0);
  life.Used(59'999);
  EXPECT_EQ(life.At(59'999), Need::kNothing);
  EXPECT_EQ(life.At(60'000), Need::kRenewal);
}

TEST(ConnectionLife, ThoseThatBeganTogetherDoNotEndTogether) {
  ConnectionLife early;
  ConnectionLife late;
  early.Begin(0, 60'000, 6'000);
  late.Begin(0, 60'000, 0);
  early.Used(53'999);
  late.Used(53'999);
  EXPECT_EQ(early.At(53'999), Need::kNothing);
  EXPECT_EQ(early.At(54'000), Need::kRenewal);
  EXPECT_EQ(late.At(54'000), Need::kNothing);
}

TEST(ConnectionLife, ServesOnWhenItCannotBeRenewed) {
  ConnectionLife life;
  life.Begin(0, 60'000, 0);
  life.Used(60'000);
  life.Postpone(60'000);
  EXPECT_EQ(life.At(69'999), Need::kNothing);
  EXPECT_EQ(life.At(70'000), Need::kRenewal);
}

TEST(ConnectionLife, WithoutALimitItGoesOnForEver) {
  ConnectionLife life;
  life.Begin(0, 0, 12'345);
  const int64_t years = int64_t{100} * 365 * 86'400'000;
  life.Used(years);
  EXPECT_EQ(life.At(years), Need::kNothing);
}

}  // namespace
}  // namespace tideway::backend
