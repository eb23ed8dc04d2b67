#include "resp/protocol/byte_buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <utility>

namespace tideway::resp {
namespace {

TEST(ByteBuffer, BeginsEmptyWithoutMemory) {
  const ByteBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_EQ(buffer.view(), "");
}

TEST(ByteBuffer, AppendsAndGrowsByDoubling) {
  ByteBuffer buffer;
  size_t moves = 0;
  size_t capacity = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    buffer.Append('x');
    moves += buffer.capacity() != capacity;
    capacity = buffer.capacity();
  }
  EXPECT_EQ(buffer.view(), std::string(1'000'000, 'x'));
  EXPECT_LE(moves, 14U);
}

TEST(ByteBuffer, EnsureThenCommit) {
  ByteBuffer buffer;
  char* room = buffer.Ensure(1'000);
  std::memcpy(room, "hello", 5);
  buffer.Commit(2);
  EXPECT_EQ(buffer.view(), "he");
  buffer.CommitTo(room + 5);
  EXPECT_EQ(buffer.view(), "hello");
  EXPECT_GE(buffer.capacity(), 1'000U);
}

TEST(ByteBuffer, InsertRemoveTruncateDropFront) {
  ByteBuffer buffer;
  buffer.Append("world");
  buffer.Insert(0, "hello ");
  EXPECT_EQ(buffer.view(), "hello world");
  buffer.Insert(buffer.size(), "!");
  buffer.Insert(5, ",");
  EXPECT_EQ(buffer.view(), "hello, world!");
  buffer.Remove(5, 1);
  buffer.Remove(11, 1);
  EXPECT_EQ(buffer.view(), "hello world");
  buffer.DropFront(6);
  EXPECT_EQ(buffer.view(), "world");
  buffer.DropFront(0);
  buffer.Truncate(3);
  EXPECT_EQ(buffer.view(), "wor");
  buffer.DropFront(3);
  EXPECT_TRUE(buffer.empty());
}

TEST(ByteBuffer, ClearKeepsMemoryShrinkAndReleaseDoNot) {
  ByteBuffer buffer;
  buffer.Append(std::string(10'000, 'x'));
  const size_t capacity = buffer.capacity();
  buffer.Clear();
  EXPECT_EQ(buffer.capacity(), capacity);
  buffer.Append("keep me");
  buffer.Shrink(100);
  EXPECT_EQ(buffer.capacity(), 100U);
  buffer.Shrink(200);
  EXPECT_EQ(buffer.capacity(), 100U);
  buffer.Shrink(0);
  EXPECT_EQ(buffer.capacity(), 7U);
  EXPECT_EQ(buffer.view(), "keep me");
  buffer.Clear();
  buffer.Shrink(0);
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer.Append("again");
  buffer.Release();
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_TRUE(buffer.empty());
}

TEST(ByteBuffer, MovesLeaveTheSourceEmpty) {
  ByteBuffer source;
  source.Append("payload");
  ByteBuffer target(std::move(source));
  EXPECT_EQ(target.view(), "payload");
  EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move): the contract under test
  source.Append("reused");
  target = std::move(source);
  EXPECT_EQ(target.view(), "reused");
  EXPECT_EQ(source.capacity(), 0U);  // NOLINT(bugprone-use-after-move)
}

TEST(ByteBuffer, BehavesLikeAString) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  ByteBuffer buffer;
  std::string model;
  for (int i = 0; i < 20'000; ++i) {
    const size_t at = random() % (model.size() + 1);
    const size_t rest = model.size() - at;
    const std::string bytes(random() % 40, static_cast<char>('a' + random() % 26));
    switch (random() % 6) {
      case 0:
      case 1:
        buffer.Append(bytes);
        model += bytes;
        break;
      case 2:
        buffer.Insert(at, bytes);
        model.insert(at, bytes);
        break;
      case 3:
        buffer.Remove(at, rest / 2);
        model.erase(at, rest / 2);
        break;
      case 4:
        buffer.DropFront(at / 16);
        model.erase(0, at / 16);
        break;
      default:
        buffer.Shrink(random() % 1'000);
        break;
    }
    ASSERT_EQ(buffer.view(), model);
  }
}

}  // namespace
}  // namespace tideway::resp
