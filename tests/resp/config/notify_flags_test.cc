#include "resp/config/notify_flags.h"

#include <gtest/gtest.h>

#include <utility>

#include "backend/event.h"

namespace tideway::resp {
namespace {

/// What the canonical text of `text` is.
std::string Canonical(std::string_view text) {
  const auto flags = ParseNotifyFlags(text);
  return flags ? FormatNotifyFlags(*flags) : "refused";
}

TEST(NotifyFlags, AreShownInRedisOrder) {
  const std::pair<const char*, const char*> kCases[] = {
      {"KEA", "AKE"},
      {"AKE", "AKE"},
      {"g$lshzxetd", "A"},
      {"KgxE", "gxKE"},
      {"", ""},
      {"x", "x"},
      {"KEn", "nKE"},
      {"Kz$", "$zK"},
      {"EA$", "AE"},
      {"mA", "Am"},
      {"dtexzhsl$", "$lshzxetd"},
  };
  for (const auto& [text, canonical] : kCases) EXPECT_EQ(Canonical(text), canonical) << text;
}

TEST(NotifyFlags, ALeavesOutMissesAndNewKeys) {
  EXPECT_EQ(ParseNotifyFlags("A"), backend::kNotifyAll);
  EXPECT_EQ(Canonical("AKEmn"), "AnKEm");
}

TEST(NotifyFlags, EverySetSurvivesItsText) {
  for (uint32_t flags = 0; flags < 2 * backend::kNotifyNew; ++flags) {
    ASSERT_EQ(ParseNotifyFlags(FormatNotifyFlags(flags)), flags);
  }
}

TEST(NotifyFlags, UnknownLettersAreRefused) {
  for (const char* text : {"q", "KEAq", "k", "A ", "K,E"}) EXPECT_EQ(Canonical(text), "refused");
}

}  // namespace
}  // namespace tideway::resp
