#include "backend/data/key_hash.h"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tideway::backend {
namespace {

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

uint64_t g_seed = RandomSeed();

}  // namespace

uint64_t KeyHash(std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), g_seed);
}

void SetKeyHashSeed(uint64_t seed) { g_seed = seed; }

}  // namespace tideway::backend
