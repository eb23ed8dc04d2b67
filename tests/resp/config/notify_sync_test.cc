#include "resp/config/notify_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace tideway::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NotifySync, TellsWhatWasSetHereAndNotWhatCameFromOthers) {
  LiveSettings settings{Settings{}};
  std::vector<uint32_t> told;
  NotifySync sync(settings, [&](uint32_t flags) { told.push_back(flags); });
  const auto set = [&](auto change) {
    ASSERT_TRUE(settings
                    .Update([&](const Settings& present) -> Result<Settings> {
                      Settings now = present;
                      change(now);
                      return now;
                    })
                    .ok());
  };
  set([](Settings& now) { now.notify_keyspace_events = 5; });
  EXPECT_THAT(told, ElementsAre(5u));
  set([](Settings& now) { now.maxclients = 7; });
  EXPECT_THAT(told, ElementsAre(5u));
  told.clear();
  ASSERT_TRUE(sync.Apply(9).ok());
  EXPECT_EQ(settings.Snapshot()->notify_keyspace_events, 9u);
  EXPECT_THAT(told, IsEmpty());
  set([](Settings& now) { now.notify_keyspace_events = 5; });
  EXPECT_THAT(told, ElementsAre(5u));
}

}  // namespace
}  // namespace tideway::resp
