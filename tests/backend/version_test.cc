#include "backend/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tideway {
namespace {

TEST(Version, IsThreeNumbers) {
  EXPECT_THAT(std::string(Version()), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace tideway
