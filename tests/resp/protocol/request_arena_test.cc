#include "resp/protocol/request_arena.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace tideway::resp {
namespace {

std::string_view* Take(RequestArena* arena, size_t count, std::string_view value) {
  std::string_view* views = arena->ReserveViews(count);
  for (size_t i = 0; i < count; ++i) views[i] = value;
  arena->CommitViews(count);
  return views;
}

TEST(RequestArena, WhatWasHandedOutStaysInPlace) {
  RequestArena arena;
  std::vector<std::string_view*> runs;
  for (size_t i = 0; i < 5'000; ++i) runs.push_back(Take(&arena, 3, i % 2 == 0 ? "even" : "odd"));
  std::string_view* const large = Take(&arena, 50'000, "large");
  char* const bytes = arena.AllocateBytes(5);
  std::string_view("bytes").copy(bytes, 5);
  Take(&arena, 3, "after");
  for (size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i][2], i % 2 == 0 ? "even" : "odd");
  }
  EXPECT_EQ(large[49'999], "large");
  EXPECT_EQ(std::string_view(bytes, 5), "bytes");
}

TEST(RequestArena, AReservationThatIsNotTakenIsGivenAgain) {
  RequestArena arena;
  EXPECT_EQ(arena.ReserveViews(10), arena.ReserveViews(3));
}

TEST(RequestArena, ClearKeepsALittleMemory) {
  RequestArena arena;
  EXPECT_EQ(arena.memory_bytes(), 0U);
  Take(&arena, 3, "x");
  const size_t little = arena.memory_bytes();
  std::string_view* const first = arena.ReserveViews(1) - 3;
  arena.Clear();
  EXPECT_EQ(arena.memory_bytes(), little);
  EXPECT_EQ(arena.ReserveViews(3), first);

  for (int i = 0; i < 100'000; ++i) Take(&arena, 3, "x");
  Take(&arena, 1'000'000, "x");
  arena.AllocateBytes(1'000'000);
  EXPECT_GT(arena.memory_bytes(), 16'000'000U);
  arena.Clear();
  EXPECT_LE(arena.memory_bytes(), 128U * 1024U);
}

}  // namespace
}  // namespace tideway::resp
