#include "resp/command/command_markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tideway::resp {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(CommandsMarkdown, HasALineForEachGroup) {
  const std::string text = CommandsMarkdown(CommandTable::Get());
  EXPECT_THAT(text, StartsWith("| group | commands |\n| --- | --- |\n| "));
  EXPECT_THAT(text, HasSubstr("\n| string | APPEND, "));
  EXPECT_THAT(text, HasSubstr(" PUBSUB (CHANNELS HELP NUMPAT NUMSUB SHARDCHANNELS SHARDNUMSUB)"));
}

TEST(CommandsMarkdown, LeavesOutTheWordsOfHttp) {
  EXPECT_THAT(CommandsMarkdown(CommandTable::Get()), Not(HasSubstr("HOST:")));
}

}  // namespace
}  // namespace tideway::resp
