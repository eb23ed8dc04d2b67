// Random numbers that are the same for a seed on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace tideway::tests {

// SplitMix64. Confined to one thread.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound); bound > 0.
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(Next() % bound); }
  // Uniform in [low, high].
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(Next() % static_cast<std::uint64_t>(high - low + 1));
  }
  // True in `percent` of 100 calls; fractions count to a hundredth.
  bool Percent(double percent) { return Below(10'000) < static_cast<std::size_t>(percent * 100); }

  std::string Pick(std::span<const std::string_view> pool) {
    return std::string(pool[Below(pool.size())]);
  }
  std::string Pick(std::initializer_list<std::string_view> pool) {
    return std::string(pool.begin()[Below(pool.size())]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace tideway::tests
