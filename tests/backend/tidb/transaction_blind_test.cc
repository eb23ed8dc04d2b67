#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/tidb/flush_times.h"
#include "backend/tidb/tidb_batch.h"
#include "backend/tidb/transaction.h"

namespace tideway::backend {
namespace {

using testing::HasSubstr;
using testing::Not;

class Nobody final : public BatchOwner {
  void OnLoaded(Batch&) override {}
  void OnCommitted(Batch&) override {}
};

std::string PacketOf(const std::vector<BlindWrite>& writes) {
  Nobody owner;
  TidbBatch batch(owner, 0);
  batch.blind = writes;
  for (const BlindWrite& write : writes)
    batch.reads.push_back({0, write.db, ReadScope::kKey, write.key});
  batch.Pin();
  FlushTimes flushes(16);
  Transaction transaction(16, size_t{64} << 20, flushes);
  TidbBatch* const batches[] = {&batch};
  transaction.Begin(batches, true);
  EXPECT_TRUE(transaction.blind());
  return std::string(transaction.BlindSql({1, 1}));
}

using Kind = BlindWrite::Kind;

// Crossed with somebody who writes the key that is absent and reads the other, both would commit,
// in no order that explains what they saw.
TEST(TransactionBlind, KeysErasedTogetherStayWhatTheyWere) {
  EXPECT_THAT(PacketOf({{Kind::kErase, 0, "a", {}, 0, true}, {Kind::kErase, 0, "b", {}, 0, true}}),
              HasSubstr("FOR UPDATE;"));
}

TEST(TransactionBlind, LocksNothingElse) {
  EXPECT_THAT(PacketOf({{Kind::kErase, 0, "a", {}}}), Not(HasSubstr("FOR UPDATE")));
  EXPECT_THAT(PacketOf({{Kind::kPut, 0, "a", "1"}, {Kind::kPut, 0, "b", "2"}}),
              Not(HasSubstr("FOR UPDATE")));
}

}  // namespace
}  // namespace tideway::backend
