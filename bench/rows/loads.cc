#include "bench/rows/loads.h"

#include <fmt/format.h>

namespace tideway::bench {
namespace {

constexpr int kHashFields = 10;
constexpr int kMgetKeys = 10;
constexpr std::size_t kOkBytes = 5;  ///< "+OK\r\n"

/// Populates `key -> value` strings.
std::function<std::size_t(std::string&, std::int64_t)> Strings(int value_bytes) {
  return [value_bytes](std::string& out, std::int64_t key) {
    AppendCommand(out, {"SET", KeyName(key), ValueOf(key, value_bytes)});
    return kOkBytes;
  };
}

std::string FieldName(std::int64_t index) { return fmt::format("field:{}", index); }

/// Populates hashes of ten small fields.
std::size_t AppendHash(std::string& out, std::int64_t key, int value_bytes) {
  std::vector<std::string> words = {"HSET", KeyName(key)};
  for (int field = 0; field < kHashFields; ++field) {
    words.push_back(FieldName(field));
    words.push_back(ValueOf(key + field, value_bytes));
  }
  AppendCommand(out, words);
  return std::string_view(":10\r\n").size();
}

}  // namespace

Load GetLoad(const Options& options) {
  const int bytes = options.value_bytes;
  return {Strings(bytes), Match::kExact, [bytes](Batch& batch, std::int64_t key, Random&) {
            AppendCommand(batch.request, {"GET", KeyName(key)});
            batch.reply += Bulk(ValueOf(key, bytes));
          }};
}

Load SetLoad(const Options& options) {
  const int bytes = options.value_bytes;
  return {Strings(bytes), Match::kExact, [bytes](Batch& batch, std::int64_t key, Random& random) {
            const auto version = static_cast<std::int64_t>(random() >> 1);
            AppendCommand(batch.request, {"SET", KeyName(key), ValueOf(version, bytes)});
            batch.reply += "+OK\r\n";
          }};
}

Load IncrLoad(const Options&) {
  auto zero = [](std::string& out, std::int64_t key) {
    AppendCommand(out, {"SET", KeyName(key), "0"});
    return kOkBytes;
  };
  return {zero, Match::kLines, [](Batch& batch, std::int64_t key, Random&) {
            AppendCommand(batch.request, {"INCR", KeyName(key)});
            ++batch.reply_lines;
          }};
}

Load HsetLoad(const Options& options) {
  const int bytes = options.value_bytes;
  return {[bytes](std::string& out, std::int64_t key) { return AppendHash(out, key, bytes); },
          Match::kExact,
          [bytes](Batch& batch, std::int64_t key, Random& random) {
            const auto field = FieldName(static_cast<std::int64_t>(random() % kHashFields));
            const auto version = static_cast<std::int64_t>(random() >> 1);
            AppendCommand(batch.request, {"HSET", KeyName(key), field, ValueOf(version, bytes)});
            batch.reply += ":0\r\n";
          }};
}

Load HgetallLoad(const Options& options) {
  const int bytes = options.value_bytes;
  return {[bytes](std::string& out, std::int64_t key) { return AppendHash(out, key, bytes); },
          Match::kLength,
          [bytes](Batch& batch, std::int64_t key, Random&) {
            AppendCommand(batch.request, {"HGETALL", KeyName(key)});
            batch.reply += fmt::format("*{}\r\n", 2 * kHashFields);
            for (int field = 0; field < kHashFields; ++field) {
              batch.reply += Bulk(FieldName(field)) + Bulk(ValueOf(key + field, bytes));
            }
          }};
}

Load SaddLoad(const Options&) {
  auto one_member = [](std::string& out, std::int64_t key) {
    AppendCommand(out, {"SADD", KeyName(key), "m"});
    return std::string_view(":1\r\n").size();
  };
  return {one_member, Match::kLines, [](Batch& batch, std::int64_t key, Random& random) {
            AppendCommand(batch.request, {"SADD", KeyName(key), fmt::format("m{}", random() % 64)});
            ++batch.reply_lines;
          }};
}

Load MgetLoad(const Options& options) {
  const int bytes = options.value_bytes;
  const int keys = options.keys;
  return {Strings(bytes), Match::kExact,
          [bytes, keys](Batch& batch, std::int64_t key, Random& random) {
            std::vector<std::string> words = {"MGET"};
            batch.reply += fmt::format("*{}\r\n", kMgetKeys);
            for (int i = 0; i < kMgetKeys; ++i) {
              words.push_back(KeyName(key));
              batch.reply += Bulk(ValueOf(key, bytes));
              key = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(keys));
            }
            AppendCommand(batch.request, words);
          }};
}

Load MultiLoad(const Options& options) {
  const int bytes = options.value_bytes;
  return {Strings(bytes), Match::kExact, [bytes](Batch& batch, std::int64_t key, Random& random) {
            const auto value = ValueOf(static_cast<std::int64_t>(random() >> 1), bytes);
            AppendCommand(batch.request, {"MULTI"});
            AppendCommand(batch.request, {"SET", KeyName(key), value});
            AppendCommand(batch.request, {"GET", KeyName(key)});
            AppendCommand(batch.request, {"EXEC"});
            batch.reply += "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n" + Bulk(value);
          }};
}

}  // namespace tideway::bench
