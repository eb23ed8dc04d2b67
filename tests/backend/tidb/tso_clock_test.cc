#include "backend/tidb/tso_clock.h"

#include <gtest/gtest.h>

namespace tideway::backend {
namespace {

constexpr CommitTs TsOf(int64_t ms) { return static_cast<CommitTs>(ms) << kCommitTsLogicalBits; }

class TsoClockTest : public testing::Test {
 protected:
  int64_t Now() const { return manual_.MonotonicUs() / 1000; }
  // An answer that took `took_ms` and comes now, of a database that is `ahead_ms` ahead; the
  // timestamp is of `late_ms` after the question was sent.
  void Answer(int64_t took_ms, int64_t ahead_ms, int64_t late_ms) {
    const int64_t sent = Now() - took_ms;
    time_.Learn(TsOf(sent + late_ms + ahead_ms), sent, Now());
  }

  ManualClock manual_;
  TsoClock time_{manual_};
};

TEST_F(TsoClockTest, IsTheMachinesUntilSomethingWasLearnt) {
  EXPECT_EQ(time_.NowMs(), manual_.WallMs());
}

TEST_F(TsoClockTest, GoesOnFromAnAnswer) {
  Answer(4, 1'000, 2);
  manual_.AdvanceMs(500);
  EXPECT_EQ(time_.NowMs(), Now() + 1'000);
}

TEST_F(TsoClockTest, AnswerOfABetterKnownMomentReplacesAnother) {
  Answer(800, 1'000, 790);
  EXPECT_NE(time_.NowMs(), Now() + 1'000);
  Answer(2, 1'000, 1);
  EXPECT_EQ(time_.NowMs(), Now() + 1'000);
}

TEST_F(TsoClockTest, DatabaseThatStoodStillTeachesNothingWhateverTheAgeOfTheRest) {
  Answer(2, 1'000, 1);
  for (int i = 0; i < 100; ++i) {
    manual_.AdvanceMs(15'000);
    Answer(900, 1'000, 890);
    EXPECT_EQ(time_.NowMs(), Now() + 1'000);
  }
}

TEST_F(TsoClockTest, FollowsClocksThatDriftApart) {
  Answer(2, 1'000, 1);
  manual_.AdvanceMs(60'000);
  Answer(6, 1'005, 3);
  EXPECT_EQ(time_.NowMs(), Now() + 1'005);
}

}  // namespace
}  // namespace tideway::backend
