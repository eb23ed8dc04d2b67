// The seed of a random test: printed, and taken from TIDEWAY_TEST_SEED to run a failure again.
#pragma once

#include <cstdint>

namespace tideway::test {

/// A fresh seed, printed with the name of the running test; or the one that was asked for.
uint64_t Seed();

/// For tests that try each of many moments: the one after `moment`. All of them by hand and in
/// `make test-full`; with TIDEWAY_CI about 12 out of `moments`, others with each seed.
uint64_t NextMoment(uint64_t moment, uint64_t moments, uint64_t seed);

}  // namespace tideway::test
