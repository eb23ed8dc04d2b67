// Globs and numbers, judged by redis-server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "resp/protocol/glob.h"
#include "resp/protocol/numbers.h"
#include "tests/support/redis_server.h"

namespace tideway::resp {
namespace {

using namespace std::string_literals;
using testing_support::RedisServer;

struct Reply {
  int type = 0;
  std::string text;               // of strings and errors; an integer in decimal form
  std::vector<std::string> list;  // of arrays of strings
};

class ValuesLikeRedis : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    redis_ = RedisServer::Start({}, &why);
    if (redis_ == nullptr) GTEST_SKIP() << why;
    connection_.reset(redisConnectUnix(redis_->socket_path().c_str()));
    ASSERT_EQ(connection_->err, 0);
    seed_ = std::random_device()();
    random_.seed(seed_);
  }

  Reply Run(const std::vector<std::string>& args) {
    std::vector<const char*> argv;
    std::vector<size_t> sizes;
    for (const std::string& arg : args) {
      argv.push_back(arg.data());
      sizes.push_back(arg.size());
    }
    std::unique_ptr<redisReply, void (*)(void*)> reply(
        static_cast<redisReply*>(redisCommandArgv(connection_.get(), static_cast<int>(args.size()),
                                                  argv.data(), sizes.data())),
        &freeReplyObject);
    if (reply == nullptr) return {};
    Reply result;
    result.type = reply->type;
    if (reply->type == REDIS_REPLY_INTEGER) {
      result.text = std::to_string(reply->integer);
    } else if (reply->str != nullptr) {
      result.text.assign(reply->str, reply->len);
    }
    for (size_t i = 0; i < reply->elements; ++i) {
      result.list.emplace_back(reply->element[i]->str, reply->element[i]->len);
    }
    return result;
  }

  std::string RandomText(std::string_view bytes, size_t max) {
    std::string text(random_() % (max + 1), 0);
    for (char& c : text) c = bytes[random_() % bytes.size()];
    return text;
  }

  std::string Trace() const { return "seed " + std::to_string(seed_); }

  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<redisContext, Free> connection_;
  unsigned seed_ = 0;
  std::mt19937 random_;
};

constexpr std::string_view kPatternBytes = "abcA*?[]^-\\\x80\xff*";

TEST_F(ValuesLikeRedis, GlobsOverKeys) {
  SCOPED_TRACE(Trace());
  std::vector<std::string> keys = {"", "\\", "[", "]", "-", "^", "\0"s, "a\0b"s, "\x80", "\xff"};
  for (int i = 0; i < 200; ++i) keys.push_back(RandomText("abcAB-]^[\\*?\x80\xff", 6));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string& key : keys) Run({"SET", key, ""});
  for (int i = 0; i < 4'000; ++i) {
    const std::string pattern = RandomText(kPatternBytes, 9);
    std::vector<std::string> expected;
    for (const std::string& key : keys) {
      if (MatchesAll(pattern) || GlobMatch(pattern, key)) expected.push_back(key);
    }
    const Reply found = Run({"KEYS", pattern});
    ASSERT_EQ(found.type, REDIS_REPLY_ARRAY);
    ASSERT_THAT(found.list, testing::UnorderedElementsAreArray(expected)) << pattern;
  }
}

TEST_F(ValuesLikeRedis, GlobsOverSettingsIgnoreCase) {
  SCOPED_TRACE(Trace());
  std::vector<std::string> names;
  const Reply all = Run({"CONFIG", "GET", "*"});
  for (size_t i = 0; i < all.list.size(); i += 2) names.push_back(all.list[i]);
  ASSERT_GT(names.size(), 100U);
  for (int i = 0; i < 2'000; ++i) {
    // A piece of a name, disturbed.
    std::string pattern = "*" + names[random_() % names.size()].substr(0, random_() % 6) + "*";
    const std::string_view bytes = "aMx-*?[]^\\A";
    for (int n = 0; n < 3; ++n) {
      pattern.insert(random_() % pattern.size(), 1, bytes[random_() % bytes.size()]);
    }
    if (random_() % 2 == 0) pattern[random_() % pattern.size()] = 'M';
    // Without any of these CONFIG GET looks the name up instead.
    if (pattern.find_first_of("*?[") == std::string::npos) continue;
    std::vector<std::string> expected;
    for (const std::string& name : names) {
      if (GlobMatch(pattern, name, GlobCase::kInsensitive)) expected.push_back(name);
    }
    const Reply found = Run({"CONFIG", "GET", pattern});
    std::vector<std::string> found_names;
    for (size_t k = 0; k < found.list.size(); k += 2) found_names.push_back(found.list[k]);
    ASSERT_THAT(found_names, testing::UnorderedElementsAreArray(expected)) << pattern;
  }
}

TEST_F(ValuesLikeRedis, Integers) {
  SCOPED_TRACE(Trace());
  for (int i = 0; i < 4'000; ++i) {
    std::string text = RandomText("0123456789", 20);
    if (random_() % 2 == 0) text.insert(0, 1, "-+ 0"[random_() % 4]);
    if (random_() % 4 == 0) text += RandomText(" x.e\0"s, 1);
    if (random_() % 4 == 0) text = std::to_string(static_cast<int64_t>(random_()) << 32);
    if (random_() % 8 == 0) text = "922337203685477580" + std::to_string(random_() % 12);
    if (random_() % 8 == 0) text = "-922337203685477580" + std::to_string(random_() % 12);
    Run({"DEL", "n"});
    const Reply reply = Run({"INCRBY", "n", text});
    const auto number = ParseInt64(text);
    ASSERT_EQ(reply.text,
              number ? std::to_string(*number) : "ERR value is not an integer or out of range")
        << text;
  }
}

TEST_F(ValuesLikeRedis, Cursors) {
  SCOPED_TRACE(Trace());
  for (int i = 0; i < 4'000; ++i) {
    std::string text = RandomText("0123456789", random_() % 2 == 0 ? 3 : 22);
    text.insert(0, RandomText("-+ 0\t\0"s, 1));
    if (random_() % 4 == 0) text.insert(random_() % (text.size() + 1), RandomText("x- \0+"s, 2));
    const Reply reply = Run({"SCAN", text, "COUNT", "1"});
    ASSERT_EQ(reply.type == REDIS_REPLY_ARRAY, ParseCursor(text).has_value()) << text;
  }
}

std::vector<std::string> OddFloats() {
  return {"",        " 1",       "1 ",     "+1",     "-0",
          "1.",      ".5",       ".",      "1e5",    "1e",
          "0x1p3",   "0x",       "inf",    "-inf",   "+inf",
          "INF",     "infinity", "nan",    "-nan",   "nan(1)",
          "1e308",   "1e309",    "1e4932", "1e4933", "1e-330",
          "1e-4950", "1e-5000",  "1\0"s,   "1,5",    "1e400",
          "5e-324",  "3.0e3",    "\n1",    "1\n",    "1e+2",
          "1_0",     "00012.50", "-.5e-3", "0.1",    "123456789.987654321"};
}

TEST_F(ValuesLikeRedis, LongDoubles) {
  SCOPED_TRACE(Trace());
  std::vector<std::string> texts = OddFloats();
  texts.push_back("0." + std::string(5'117, '0'));
  texts.push_back("0." + std::string(5'118, '0'));
  for (int i = 0; i < 4'000; ++i) {
    texts.push_back(RandomText("-", 1) + RandomText("0123456789", 12) + RandomText(".", 1) +
                    RandomText("0123456789", 20) + RandomText("e-12", 3));
  }
  for (const std::string& text : texts) {
    Run({"DEL", "n"});
    const auto number = ParseLongDouble(text);
    std::string expected = "ERR value is not a valid float";
    if (number) {
      expected = std::isinf(*number) ? "ERR increment would produce NaN or Infinity"
                                     : FormatLongDoubleHuman(*number);
    }
    ASSERT_EQ(Run({"INCRBYFLOAT", "n", text}).text, expected) << text;
  }
}

TEST_F(ValuesLikeRedis, Doubles) {
  SCOPED_TRACE(Trace());
  // Small sorted sets keep scores as text, where "-0" becomes an integer.
  Run({"CONFIG", "SET", "zset-max-listpack-entries", "0"});
  std::vector<std::string> texts = OddFloats();
  for (int i = 0; i < 4'000; ++i) {
    texts.push_back(RandomText("-+", 1) + RandomText("0123456789", 12) + RandomText(".", 1) +
                    RandomText("0123456789", 20) + RandomText("e-12", 4));
  }
  for (const std::string& text : texts) {
    Run({"DEL", "z"});
    const Reply added = Run({"ZADD", "z", text, "m"});
    const auto number = ParseDouble(text);
    if (!number) {
      ASSERT_EQ(added.text, "ERR value is not a valid float") << text;
      continue;
    }
    char formatted[kDoubleTextMax];
    ASSERT_EQ(Run({"ZSCORE", "z", "m"}).text,
              std::string(formatted, FormatDouble(*number, formatted)))
        << text;
  }
}

}  // namespace
}  // namespace tideway::resp
