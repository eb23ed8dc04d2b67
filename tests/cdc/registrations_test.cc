#include "cdc/registrations.h"

#include <gtest/gtest.h>

namespace tideway::cdc {
namespace {

TEST(Registrations, WhatBeganTogetherArrivesTogether) {
  Registrations registrations;
  registrations.OnUp();
  const Ticket first = registrations.Began(0);
  EXPECT_EQ(registrations.Began(0), first);
  EXPECT_EQ(registrations.Leave(), first);
  EXPECT_EQ(registrations.Leave(), 0u) << "nothing began since";
  const Ticket second = registrations.Began(1);
  EXPECT_GT(second, first);
  EXPECT_TRUE(registrations.Arrived(first, 2));
  EXPECT_FALSE(registrations.Arrived(first, 2));
  EXPECT_EQ(registrations.registered(), first);
}

TEST(Registrations, WithoutAServerNobodyWaits) {
  Registrations registrations;
  EXPECT_EQ(registrations.Began(0), 0u);
  EXPECT_EQ(registrations.Leave(), 0u);
  registrations.OnUp();
  const Ticket waiting = registrations.Began(0);
  EXPECT_GT(waiting, registrations.registered());
  EXPECT_GE(registrations.OnDown(), waiting);
  EXPECT_GE(registrations.registered(), waiting);
  registrations.OnUp();
  EXPECT_GT(registrations.Began(0), registrations.registered());
}

TEST(Registrations, NobodyWaitsForEver) {
  Registrations registrations;
  registrations.OnUp();
  int64_t left_ms = 0;
  EXPECT_EQ(registrations.EndLongWaits(0, &left_ms), 0u);
  EXPECT_EQ(left_ms, -1);
  const Ticket waiting = registrations.Began(100);
  EXPECT_EQ(registrations.EndLongWaits(600, &left_ms), 0u);
  EXPECT_EQ(left_ms, Registrations::kWaitMsMax - 500);
  EXPECT_EQ(registrations.EndLongWaits(100 + Registrations::kWaitMsMax, &left_ms), waiting);
  EXPECT_EQ(registrations.registered(), waiting);
  EXPECT_GT(registrations.Began(5000), waiting);
  EXPECT_EQ(registrations.EndLongWaits(5000, &left_ms), 0u);
  EXPECT_EQ(left_ms, Registrations::kWaitMsMax);
}

}  // namespace
}  // namespace tideway::cdc
