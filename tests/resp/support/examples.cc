#include "tests/resp/support/examples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "tests/harness/resp_value.h"

namespace tideway::test {

using resp::Command;
using resp::CommandTable;

namespace {

struct Example {
  std::string_view name;  // full
  std::string_view arguments;
};

constexpr auto kExamples = std::to_array<Example>({
    // strings
    {"append", "str 1"},
    {"decr", "str"},
    {"decrby", "str 2"},
    {"get", "str"},
    {"getdel", "str"},
    {"getex", "str EX 100"},
    {"getrange", "str 0 -1"},
    {"getset", "str 5"},
    {"incr", "str"},
    {"incrby", "str 2"},
    {"incrbyfloat", "str 0.5"},
    {"mget", "str none"},
    {"mset", "str 1 none 2"},
    {"msetnx", "none 1 none2 2"},
    {"psetex", "str 100000 1"},
    {"set", "str 1"},
    {"setex", "str 100 1"},
    {"setnx", "none 1"},
    {"setrange", "str 1 2"},
    {"strlen", "str"},
    {"substr", "str 0 0"},
    // hashes
    {"hdel", "hash a"},
    {"hexists", "hash a"},
    {"hget", "hash a"},
    {"hgetall", "hash"},
    {"hincrby", "hash a 2"},
    {"hincrbyfloat", "hash a 0.5"},
    {"hkeys", "hash"},
    {"hlen", "hash"},
    {"hmget", "hash a nothing"},
    {"hmset", "hash c 3"},
    {"hrandfield", "hash 2 WITHVALUES"},
    {"hscan", "hash 0"},
    {"hset", "hash c 3"},
    {"hsetnx", "hash c 3"},
    {"hstrlen", "hash a"},
    {"hvals", "hash"},
    // sets
    {"sadd", "set 3"},
    {"scard", "set"},
    {"sdiff", "set none"},
    {"sdiffstore", "none set none2"},
    {"sinter", "set set"},
    {"sintercard", "1 set"},
    {"sinterstore", "none set set"},
    {"sismember", "set 1"},
    {"smembers", "set"},
    {"smismember", "set 1 9"},
    {"smove", "set none 1"},
    {"spop", "set"},
    {"srandmember", "set 2"},
    {"srem", "set 1"},
    {"sscan", "set 0"},
    {"sunion", "set none"},
    {"sunionstore", "none set set"},
    // keys
    {"copy", "str none"},
    {"del", "str none"},
    {"dump", "str"},
    {"exists", "str none"},
    {"expire", "str 100"},
    {"expireat", "str 99999999999"},
    {"expiretime", "str"},
    {"move", "str 1"},
    {"object|encoding", "str"},
    {"object|freq", "str"},
    {"object|help", ""},
    {"object|idletime", "str"},
    {"object|refcount", "str"},
    {"persist", "str"},
    {"pexpire", "str 100000"},
    {"pexpireat", "str 99999999999999"},
    {"pexpiretime", "str"},
    {"pttl", "str"},
    {"rename", "str none"},
    {"renamenx", "str none"},
    {"restore", "none 0 not-a-payload"},
    {"touch", "str none"},
    {"ttl", "str"},
    {"type", "str"},
    {"unlink", "str none"},
    // databases
    {"dbsize", ""},
    {"flushall", ""},
    {"flushdb", ""},
    {"keys", "*"},
    {"randomkey", ""},
    {"scan", "0"},
    {"swapdb", "0 1"},
    // pub/sub
    {"psubscribe", "p*"},
    {"publish", "channel message"},
    {"pubsub|channels", ""},
    {"pubsub|help", ""},
    {"pubsub|numpat", ""},
    {"pubsub|numsub", "channel"},
    {"pubsub|shardchannels", ""},
    {"pubsub|shardnumsub", "channel"},
    {"punsubscribe", "p*"},
    {"spublish", "channel message"},
    {"ssubscribe", "channel"},
    {"subscribe", "channel"},
    {"sunsubscribe", "channel"},
    {"unsubscribe", "channel"},
    // transactions
    {"discard", ""},
    {"exec", ""},
    {"multi", ""},
    {"unwatch", ""},
    {"watch", "str"},
    // connection
    {"auth", "password"},
    {"client|getname", ""},
    {"client|help", ""},
    {"client|id", ""},
    {"client|info", ""},
    {"client|kill", "ID 999"},
    {"client|list", ""},
    {"client|no-evict", "on"},
    {"client|pause", "0"},
    {"client|reply", "on"},
    {"client|setinfo", "lib-name x"},
    {"client|setname", "me"},
    {"client|unblock", "999"},
    {"client|unpause", ""},
    {"echo", "hello"},
    {"hello", ""},
    {"ping", ""},
    {"quit", ""},
    {"reset", ""},
    {"select", "1"},
    // commands
    {"command", ""},
    {"command|count", ""},
    {"command|docs", "get"},
    {"command|getkeys", "get str"},
    {"command|getkeysandflags", "get str"},
    {"command|help", ""},
    {"command|info", "get"},
    {"command|list", ""},
    // server
    {"bgrewriteaof", ""},
    {"bgsave", ""},
    {"cluster|help", ""},
    {"cluster|info", ""},
    {"cluster|keyslot", "str"},
    {"cluster|myid", ""},
    {"cluster|nodes", ""},
    {"cluster|shards", ""},
    {"cluster|slots", ""},
    {"config|get", "*"},
    {"config|help", ""},
    {"config|resetstat", ""},
    {"config|rewrite", ""},
    {"config|set", "slowlog-max-len 5"},
    {"debug", "help"},
    {"info", "everything"},
    {"lastsave", ""},
    {"latency|doctor", ""},
    {"latency|graph", "command"},
    {"latency|help", ""},
    {"latency|histogram", ""},
    {"latency|history", "command"},
    {"latency|latest", ""},
    {"latency|reset", ""},
    {"lolwut", ""},
    {"memory|doctor", ""},
    {"memory|help", ""},
    {"memory|malloc-stats", ""},
    {"memory|purge", ""},
    {"memory|stats", ""},
    {"memory|usage", "str"},
    {"monitor", ""},
    {"readonly", ""},
    {"readwrite", ""},
    {"replicaof", "no one"},
    {"role", ""},
    {"save", ""},
    {"shutdown", "nosave"},
    {"slaveof", "no one"},
    {"slowlog|get", ""},
    {"slowlog|help", ""},
    {"slowlog|len", ""},
    {"slowlog|reset", ""},
    {"time", ""},
    {"wait", "0 0"},
});

// True when a value, and all in it, has a type of the protocol version.
bool TypesFit(const tests::Value& value, int version) {
  constexpr std::string_view kOnlyIn3 = "%~>,#_(=!|";
  if (version == 2 && kOnlyIn3.find(value.type) != std::string_view::npos) return false;
  // RESP3 has one null, which is none of these.
  if (version == 3 && value.null && value.type != '_') return false;
  for (const tests::Value& item : value.items) {
    if (!TypesFit(item, version)) return false;
  }
  return true;
}

}  // namespace

Words ExampleOf(const Command& row) {
  const std::string name = CommandTable::FullName(row);
  const auto* const found = std::find_if(kExamples.begin(), kExamples.end(),
                                         [&](const Example& one) { return one.name == name; });
  if (found == kExamples.end()) return {};
  Words words;
  if (!row.container.empty()) words.emplace_back(row.container);
  words.emplace_back(row.name);
  std::istringstream text{std::string(found->arguments)};
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

void FillExampleKeys(TestClient& client) {
  client.RunAll(
      {{"SET", "str", "10"}, {"HSET", "hash", "a", "1", "b", "2"}, {"SADD", "set", "1", "2"}});
}

std::vector<const Command*> AnsweringRows() {
  std::vector<const Command*> rows;
  for (const Command* row : CommandTable::Get().rows()) {
    if (!row->Has(resp::kRefusesHttp) && (row->data != nullptr || row->session != nullptr)) {
      rows.push_back(row);
    }
  }
  return rows;
}

Words WithKeys(const Command& row, const Words& call, std::string_view key) {
  Words changed = call;
  const std::vector<std::string_view> views(call.begin(), call.end());
  resp::ForEachKey(row, views, [&](size_t at) { changed[at] = key; });
  return changed;
}

std::string Encode(const Words& call) {
  std::string bytes;
  tests::AppendRequest(&bytes, call);
  return bytes;
}

testing::AssertionResult IsOneReply(std::string_view reply, int version) {
  const std::ptrdiff_t length = tests::FrameLength(reply);
  if (length <= 0) {
    return testing::AssertionFailure() << "no RESP value: " << tests::Printable(reply);
  }
  if (static_cast<size_t>(length) != reply.size()) {
    return testing::AssertionFailure() << "more than one RESP value: " << tests::Printable(reply);
  }
  if (!TypesFit(tests::ParseFrame(reply), version)) {
    return testing::AssertionFailure()
           << "a type that RESP" << version << " has not: " << tests::Printable(reply);
  }
  return testing::AssertionSuccess();
}

}  // namespace tideway::test
