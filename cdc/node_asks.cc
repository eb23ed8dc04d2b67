#include "cdc/node_asks.h"

#include <algorithm>
#include <utility>

namespace tideway::cdc {

void NodeAsks::Finish(std::vector<Question>& finished) {
  for (Question& question : finished) question.done(std::move(question.answers));
}

void NodeAsks::OnUp(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  nodes_.clear();
  settled_ms_ = now_ms + kSettleMs;
}

void NodeAsks::OnDown() {
  std::vector<Question> finished;
  {
    const std::lock_guard lock(mutex_);
    nodes_.clear();
    for (auto& [number, question] : questions_) finished.push_back(std::move(question));
    questions_.clear();
  }
  Finish(finished);
}

uint64_t NodeAsks::Ask(Done done, int64_t now_ms) {
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_number_++;
    const bool waits_all = now_ms < settled_ms_;
    if (!nodes_.empty() || waits_all) {
      Question& question = questions_[number];
      question.done = std::move(done);
      question.until_ms = now_ms + kAnswerMs;
      question.waits_all = waits_all;
      for (const auto& [node, heard_ms] : nodes_) question.missing.insert(node);
      return number;
    }
  }
  done({});
  return number;
}

bool NodeAsks::Hear(const std::string& node, int64_t now_ms) {
  const auto known = nodes_.find(node);
  if (known != nodes_.end()) {
    known->second = now_ms;
    return false;
  }
  if (nodes_.size() < kNodesMax) nodes_.emplace(node, now_ms);
  return true;
}

void NodeAsks::OnAnswer(NumberedAnswer answer, int64_t now_ms) {
  std::vector<Question> finished;
  {
    const std::lock_guard lock(mutex_);
    Hear(answer.node, now_ms);
    const auto place = questions_.find(answer.number);
    if (place == questions_.end()) return;  // too late
    Question& question = place->second;
    question.answers.push_back(std::move(answer.answer));
    if (answer.last) question.missing.erase(answer.node);
    if (question.waits_all || !question.missing.empty()) return;
    finished.push_back(std::move(question));
    questions_.erase(place);
  }
  Finish(finished);
}

bool NodeAsks::OnHello(const std::string& node, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  return Hear(node, now_ms);
}

void NodeAsks::OnGoodbye(const std::string& node) {
  std::vector<Question> finished;
  {
    const std::lock_guard lock(mutex_);
    nodes_.erase(node);
    for (auto place = questions_.begin(); place != questions_.end();) {
      Question& question = place->second;
      if (question.missing.erase(node) == 0 || question.waits_all || !question.missing.empty()) {
        ++place;
        continue;
      }
      finished.push_back(std::move(question));
      place = questions_.erase(place);
    }
  }
  Finish(finished);
}

int64_t NodeAsks::Expire(int64_t now_ms) {
  std::vector<Question> finished;
  int64_t next_ms = -1;
  {
    const std::lock_guard lock(mutex_);
    for (auto place = questions_.begin(); place != questions_.end();) {
      Question& question = place->second;
      if (question.until_ms > now_ms) {
        const int64_t left_ms = question.until_ms - now_ms;
        next_ms = next_ms < 0 ? left_ms : std::min(next_ms, left_ms);
        ++place;
        continue;
      }
      for (const std::string& node : question.missing) {
        ++missed_;
        nodes_.erase(node);
      }
      finished.push_back(std::move(question));
      place = questions_.erase(place);
    }
    std::erase_if(nodes_, [now_ms](const auto& node) { return node.second + kForgetMs < now_ms; });
  }
  Finish(finished);
  return next_ms;
}

size_t NodeAsks::nodes() const {
  const std::lock_guard lock(mutex_);
  return nodes_.size();
}

uint64_t NodeAsks::missed() const {
  const std::lock_guard lock(mutex_);
  return missed_;
}

}  // namespace tideway::cdc
