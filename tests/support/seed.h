// The seed of a random test: printed, and taken from TIDEWAY_TEST_SEED to run a failure again.
#pragma once

#include <cstdint>

namespace tideway::test {

/// A fresh seed, printed with the name of the running test; or the one that was asked for.
uint64_t Seed();

}  // namespace tideway::test
