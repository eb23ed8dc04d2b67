#include "tests/support/seed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace tideway::test {

uint64_t Seed() {
  const char* const wanted = std::getenv("TIDEWAY_TEST_SEED");
  const uint64_t seed = wanted != nullptr ? std::stoull(wanted) : std::random_device()();
  const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
  std::cout << info->test_suite_name() << '.' << info->name() << ": TIDEWAY_TEST_SEED=" << seed
            << std::endl;
  return seed;
}

uint64_t NextMoment(uint64_t moment, uint64_t moments, uint64_t seed) {
  constexpr uint64_t kTried = 12;
  const bool short_run = std::getenv("TIDEWAY_CI") != nullptr;
  const uint64_t stride = short_run ? std::max<uint64_t>(moments / kTried, 1) : 1;
  return moment == 0 ? 1 + seed % stride : moment + stride;
}

}  // namespace tideway::test
