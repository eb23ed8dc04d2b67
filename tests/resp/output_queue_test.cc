#include "resp/output_queue.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "tests/support/seed.h"

namespace tideway::resp {
namespace {

SharedSlice Share(ChunkWriter& chunks, std::string_view bytes) {
  std::memcpy(chunks.Reserve(bytes.size()), bytes.data(), bytes.size());
  return chunks.Commit(bytes.size());
}

std::string Waiting(const OutputQueue& queue) {
  std::vector<ConstBuffer> buffers(queue.pieces() + 1);
  std::string bytes;
  const size_t count = queue.Gather(buffers.data(), buffers.size());
  for (size_t i = 0; i < count; ++i) bytes.append(buffers[i].data, buffers[i].size);
  return bytes;
}

TEST(OutputQueue, KeepsOwnAndSharedBytesInOrder) {
  ChunkWriter chunks;
  OutputQueue queue;
  queue.Append("one ");
  queue.AppendShared(Share(chunks, "two "));
  queue.Append("three");
  EXPECT_EQ(Waiting(queue), "one two three");
  EXPECT_EQ(queue.bytes(), 13u);
  queue.Consume(6);
  EXPECT_EQ(Waiting(queue), "o three");
  queue.Consume(7);
  EXPECT_TRUE(queue.empty());
}

TEST(OutputQueue, MessagesSideBySideBecomeOnePiece) {
  ChunkWriter chunks;
  OutputQueue queue;
  for (int i = 0; i < 10; ++i) queue.AppendShared(Share(chunks, "message"));
  EXPECT_EQ(queue.pieces(), 1u);
  EXPECT_EQ(queue.bytes(), 70u);
}

TEST(OutputQueue, SubscribersShareTheBytesAndOutliveTheirWriter) {
  OutputQueue first;
  OutputQueue second;
  {
    ChunkWriter chunks;
    const SharedSlice slice = Share(chunks, "message");
    first.AppendShared(slice);
    second.AppendShared(slice);
  }
  ConstBuffer a{};
  ConstBuffer b{};
  ASSERT_EQ(first.Gather(&a, 1), 1u);
  ASSERT_EQ(second.Gather(&b, 1), 1u);
  EXPECT_EQ(a.data, b.data);
  first.Consume(7);
  EXPECT_EQ(Waiting(second), "message");
}

TEST(OutputQueue, RandomAppendsAndWritesLoseNothing) {
  std::mt19937_64 random(test::Seed());
  ChunkWriter chunks;
  OutputQueue queue;
  std::string model;
  for (int i = 0; i < 5000; ++i) {
    const std::string bytes(1 + random() % 3000, static_cast<char>('a' + random() % 26));
    switch (random() % 4) {
      case 0:
        queue.Append(bytes);
        model += bytes;
        break;
      case 1:
        queue.AppendShared(Share(chunks, bytes));
        model += bytes;
        break;
      case 2: {
        const size_t sent = model.empty() ? 0 : random() % (model.size() + 1);
        queue.Consume(sent);
        model.erase(0, sent);
        break;
      }
      default:
        if (random() % 50 != 0) break;
        queue.Clear();
        model.clear();
    }
    ASSERT_EQ(queue.bytes(), model.size());
    ASSERT_EQ(queue.empty(), model.empty());
    ASSERT_EQ(Waiting(queue), model);
  }
}

TEST(OutputQueue, WhatIsHeldStaysBehindUntilItsTicket) {
  OutputQueue queue;
  queue.Append("one ");
  queue.HoldBehind(1);
  queue.Append("two ");
  queue.HoldBehind(1);
  queue.HoldBehind(2);
  queue.Append("three");
  EXPECT_EQ(Waiting(queue), "one ");
  EXPECT_EQ(queue.bytes(), 13u);
  queue.Consume(4);
  EXPECT_EQ(queue.sendable(), 0u);
  queue.ReleaseUpTo(1);
  EXPECT_EQ(Waiting(queue), "two ");
  queue.Consume(2);
  EXPECT_EQ(Waiting(queue), "o ");
  queue.ReleaseUpTo(5);
  EXPECT_EQ(Waiting(queue), "o three");
  EXPECT_FALSE(queue.holding());
}

TEST(OutputQueue, AnEmptyQueueCanHold) {
  OutputQueue queue;
  queue.HoldBehind(1);
  queue.Append("x");
  EXPECT_EQ(Waiting(queue), "");
  queue.ReleaseUpTo(1);
  EXPECT_EQ(Waiting(queue), "x");
  queue.HoldBehind(2);
  queue.Consume(1);
  EXPECT_TRUE(queue.holding());
  queue.Clear();
  EXPECT_FALSE(queue.holding());
}

}  // namespace
}  // namespace tideway::resp
