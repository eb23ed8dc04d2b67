// A link driven by hand: what the bus asks of it is kept, what a server would say is said by the
// test, all on the test's thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cdc/link.h"
#include "cdc/subject.h"

namespace tideway::cdc {

class ManualLink final : public Link {
 public:
  struct Message {
    std::string subject;
    std::string name;
    std::string payload;
    bool operator==(const Message&) const = default;
  };

  // --- the test's side
  void Up(size_t payload_bytes_max = 1 << 20) { user_->OnUp({"server", payload_bytes_max}); }
  void Down() {
    subscriptions_.clear();
    user_->OnDown();
  }
  int64_t Turn() { return user_->OnTurn(); }
  /// The server has seen everything.
  void AnswerFlush() {
    if (flush_ != 0) user_->OnFlushed(std::exchange(flush_, 0));
  }
  void set_ready(bool ready) { ready_ = ready; }
  /// A message arrives by every subscription that matches; returns by how many.
  size_t Deliver(const std::string& subject, std::string_view payload, std::string_view name = {}) {
    size_t copies = 0;
    const auto subscriptions = subscriptions_;
    for (const auto& [handle, held] : subscriptions) {
      if (!SubjectMatches(held.first, subject)) continue;
      ++copies;
      user_->OnDelivery({held.second, subject, name, payload});
    }
    return copies;
  }
  std::vector<Message> TakePublished() { return std::exchange(published_, {}); }
  std::vector<std::string> Subjects() const {
    std::vector<std::string> subjects;
    for (const auto& [handle, held] : subscriptions_) subjects.push_back(held.first);
    return subjects;
  }
  bool Holds(std::string_view subject) const {
    for (const auto& [handle, held] : subscriptions_) {
      if (held.first == subject) return true;
    }
    return false;
  }
  bool flushing() const { return flush_ != 0; }

  // --- Link
  void Start(LinkUser& user) override { user_ = &user; }
  void Stop() override {}
  void Wake() override { ++wakes; }
  bool ready() const override { return ready_; }
  bool Publish(const std::string& subject, std::string_view name,
               std::string_view payload) override {
    published_.push_back({subject, std::string(name), std::string(payload)});
    return true;
  }
  Handle Subscribe(const std::string& subject, Via via) override {
    subscriptions_[++last_handle_] = {subject, via};
    return last_handle_;
  }
  void Unsubscribe(Handle handle) override { subscriptions_.erase(handle); }
  void Write() override { ++writes; }
  void Flush(uint64_t mark) override { flush_ = mark; }
  uint64_t dropped() const override { return 0; }
  uint64_t reconnects() const override { return 0; }

  int wakes = 0;
  int writes = 0;

 private:
  LinkUser* user_ = nullptr;
  bool ready_ = true;
  uint64_t flush_ = 0;
  Handle last_handle_ = 0;
  std::map<Handle, std::pair<std::string, Via>> subscriptions_;
  std::vector<Message> published_;
};

}  // namespace tideway::cdc
