// The one hash function of the data layer.
#pragma once

#include <cstdint>
#include <string_view>

namespace tideway::backend {

/// A uniform 64-bit hash of a key, field or member: XXH3 seeded once a process with a random
/// number, so that clients cannot aim at one stripe or segment. Thread-safe. The value must not be
/// stored or sent: it differs from process to process.
uint64_t KeyHash(std::string_view bytes);

/// Makes hashes repeatable in a test. Call before any table exists.
void SetKeyHashSeed(uint64_t seed);

}  // namespace tideway::backend
