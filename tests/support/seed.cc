#include "tests/support/seed.h"

#include <gtest/gtest.h>

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

}  // namespace tideway::test
