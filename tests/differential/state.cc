// Comparing all that the databases hold.
#include <algorithm>

#include "tests/differential/runner.h"
#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

// Those the generator writes to; see Pools::Database().
constexpr int kDatabases[] = {0, 1, 2, 3, 15};

Args ReadCommand(const std::string& type, const std::string& key) {
  if (type == "hash") return {"HGETALL", key};
  if (type == "set") return {"SMEMBERS", key};
  return {type == "string" ? "GET" : "TYPE", key};
}

Args Select(int db) { return {"SELECT", std::to_string(db)}; }

// Commands for both servers in one go, and where the first unequal replies are.
class Batch {
 public:
  explicit Batch(Arena* arena) : arena_(*arena) {}

  void Add(int db, const Args& argv, const std::string& encoding = {}) {
    if (databases_.empty() || databases_.back() != db) {
      commands_.push_back(Select(db));
      databases_.push_back(db);
      encodings_.emplace_back();
    }
    commands_.push_back(argv);
    databases_.push_back(db);
    encodings_.push_back(encoding);
  }

  std::optional<Difference> Run() {
    std::array<std::vector<std::string>, 2> replies;
    for (const Side side : kSides) {
      replies[side] = arena_.Control(side, commands_);
      replies[side].resize(commands_.size());
    }
    replies_ = replies[kOracle];
    for (std::size_t i = 0; i < commands_.size(); ++i) {
      const std::string& expected = replies[kOracle][i];
      const std::string& actual = replies[kSubject][i];
      const Verdict verdict = CompareReplies(RuleFor(commands_[i]).equal, commands_[i], expected,
                                             actual, encodings_[i]);
      if (verdict.same) continue;
      return Difference{.aspect = "state",
                        .command = CommandName(commands_[i]),
                        .expected = "db " + std::to_string(databases_[i]) + ": " +
                                    Typed(commands_[i]) + " → " + ShowFrame(expected),
                        .actual = ShowFrame(actual),
                        .timing = verdict.timing};
    }
    return std::nullopt;
  }

  // Calls fn(db, argv, oracle's reply as a tree) for each command that was added.
  template <typename Fn>
  void ForEach(Fn fn) const {
    for (std::size_t i = 0; i < commands_.size(); ++i) {
      if (commands_[i][0] != "SELECT") fn(databases_[i], commands_[i], ParseFrame(replies_[i]));
    }
  }

 private:
  Arena& arena_;
  std::vector<Args> commands_;
  std::vector<int> databases_;
  std::vector<std::string> encodings_;
  std::vector<std::string> replies_;
};

}  // namespace

std::optional<Difference> Runner::CompareState() {
  Batch names(&arena_);
  for (const int db : kDatabases) {
    names.Add(db, {"DBSIZE"});
    names.Add(db, {"KEYS", "*"});
  }
  std::optional<Difference> found = names.Run();

  Batch attributes(&arena_);
  names.ForEach([&](int db, const Args& argv, const Value& keys) {
    if (argv[0] != "KEYS") return;
    for (const Value& key : keys.items) {
      attributes.Add(db, {"PTTL", key.text});
      attributes.Add(db, {"TYPE", key.text});
      attributes.Add(db, {"OBJECT", "ENCODING", key.text});
    }
  });
  if (!found) found = attributes.Run();
  if (!found) {
    Batch values(&arena_);
    std::string type;
    attributes.ForEach([&](int db, const Args& argv, const Value& reply) {
      if (argv[0] == "TYPE") type = reply.text;
      if (argv[0] == "OBJECT") values.Add(db, ReadCommand(type, argv[2]), reply.text);
    });
    found = values.Run();
  }

  for (const Side side : kSides) arena_.Control(side, Select(0));
  return found;
}

}  // namespace tideway::tests
