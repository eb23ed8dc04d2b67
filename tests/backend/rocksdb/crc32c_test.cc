#include "backend/rocksdb/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tideway::backend {
namespace {

uint32_t Crc(const std::string& bytes) { return Crc32cExtend(0, bytes.data(), bytes.size()); }

// The examples of RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, AgreesWithTheStandard) {
  EXPECT_EQ(Crc(""), 0u);
  EXPECT_EQ(Crc("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc(std::string(32, '\xff')), 0x62A8AB43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(Crc(ascending), 0x46DD794Eu);
}

TEST(Crc32c, OfAWholeIsThatOfItsParts) {
  std::mt19937_64 random(1);
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(random());
  const uint32_t whole = Crc(bytes);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const uint32_t head = Crc32cExtend(0, bytes.data(), cut);
    EXPECT_EQ(Crc32cExtend(head, bytes.data() + cut, bytes.size() - cut), whole);
  }
}

}  // namespace
}  // namespace tideway::backend
