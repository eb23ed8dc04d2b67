// Which other nodes are there, and the questions that wait for their answers.
//
// A node says hello when it connects and now and then, and goodbye when it ends. A question waits
// for all nodes known when it was asked, but at most kAnswerMs; who does not answer in time counts
// as gone until heard of again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cdc/node_question.h"

namespace tideway::cdc {

/// Thread-safe; `done` is called without a lock, on the caller's thread. Times are monotonic ms.
class NodeAsks {
 public:
  using Done = std::function<void(std::vector<NodeAnswer>)>;
  static constexpr int64_t kAnswerMs = 200;
  static constexpr int64_t kHelloMs = 30'000;
  static constexpr int64_t kForgetMs = 3 * kHelloMs + 5'000;
  /// After a connection was made nodes may not have heard of each other yet: for so long every
  /// question waits all its time.
  static constexpr int64_t kSettleMs = 1'000;
  /// Bounds, as anybody on the bus may say hello or answer.
  static constexpr size_t kNodesMax = 10'000;

  /// Connected: other nodes are yet to be heard of.
  void OnUp(int64_t now_ms);
  /// The connection is lost: all questions end with what came.
  void OnDown();

  /// The number of a new question; `done` has been called already when nobody is there to ask.
  uint64_t Ask(Done done, int64_t now_ms);
  void OnAnswer(NumberedAnswer answer, int64_t now_ms);
  /// True when the node was not known.
  bool OnHello(const std::string& node, int64_t now_ms);
  void OnGoodbye(const std::string& node);

  /// Ends questions whose time is over; returns ms until the next one's is, -1 when none waits.
  int64_t Expire(int64_t now_ms);

  /// Other nodes that are known.
  size_t nodes() const;
  /// Answers that did not come in time.
  uint64_t missed() const;

 private:
  struct Question {
    Done done;
    int64_t until_ms;
    bool waits_all;  // whoever answers
    std::set<std::string> missing;
    std::vector<NodeAnswer> answers;
  };
  static void Finish(std::vector<Question>& finished);
  bool Hear(const std::string& node, int64_t now_ms);

  mutable std::mutex mutex_;
  std::map<std::string, int64_t> nodes_;  // when last heard of
  std::map<uint64_t, Question> questions_;
  uint64_t next_number_ = 1;
  int64_t settled_ms_ = 0;
  uint64_t missed_ = 0;
};

}  // namespace tideway::cdc
