// The bus's twin for tests: keeps what the server tells it, and plays the other nodes.
//
//   RecordingBus bus;
//   … PUBLISH a x …            bus.TakePublished() == {{Topic::kChannel, "a", "x"}}
//   bus.Receive(Topic::kChannel, "a", "from afar");   // as if another node had published
//   bus.Hold();                                       // interest is registered only by Register()
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cdc/bus.h"
#include "cdc/interest.h"
#include "cdc/subject.h"

namespace tideway::test {

/// Thread-safe, but for Start and Stop.
class RecordingBus final : public cdc::Bus {
 public:
  struct Message {
    cdc::Topic topic;
    std::string channel;
    std::string payload;
    bool operator==(const Message&) const = default;
  };
  struct Interest {
    bool began;
    cdc::Topic topic;
    std::string name;
    bool operator==(const Interest&) const = default;
  };

  /// What was told since the last call.
  std::vector<Message> TakePublished() { return Take(published_); }
  std::vector<cdc::ChangeEvent> TakeEvents() { return Take(events_); }
  std::vector<Interest> TakeInterest() { return Take(interest_); }
  std::vector<cdc::NodeQuestion> TakeQuestions() { return Take(questions_); }

  /// Another node published this: it comes once by each subscription that matches, as with NATS. On
  /// the caller's thread.
  void Receive(cdc::Topic topic, std::string_view channel, std::string_view payload) {
    std::string subject;
    cdc::AppendMessageSubject(topic, channel, subject);
    for (const cdc::Via via : Matching(subject)) listener_->OnMessage(via, topic, channel, payload);
  }
  void Receive(const cdc::ChangeEvent& event) {
    std::string subject;
    cdc::AppendEventSubject(event.db, event.event, event.key, subject);
    for (const cdc::Via via : Matching(subject)) listener_->OnEvent(via, event);
  }

  /// From now on interest waits for Register().
  void Hold() { holds_ = true; }
  /// Everything asked for so far is registered.
  void Register() {
    cdc::Ticket ticket = 0;
    {
      const std::lock_guard lock(mutex_);
      ticket = registered_ = last_ticket_;
    }
    if (listener_ != nullptr) listener_->OnRegistered(ticket);
  }
  /// What other nodes say to every question.
  void set_answers(Answers answers) { answers_ = std::move(answers); }
  /// Why no message can be carried.
  void set_refusal(std::string refusal) { refusal_ = std::move(refusal); }

  // --- Bus
  void Start(cdc::BusListener& listener) override { listener_ = &listener; }
  void Stop() override { listener_ = nullptr; }
  bool alone() const override { return false; }
  bool carries_events() const override { return true; }
  std::string Refusal(cdc::Topic, std::string_view, size_t) const override { return refusal_; }
  void Publish(cdc::Topic topic, std::string_view channel, std::string_view payload) override {
    const std::lock_guard lock(mutex_);
    published_.push_back({topic, std::string(channel), std::string(payload)});
  }
  void Publish(cdc::ChangeEvent event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  void EndTurn() override {}
  cdc::Ticket InterestBegan(cdc::Topic topic, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    interest_.push_back({true, topic, std::string(name)});
    for (const cdc::Interest& interest : cdc::InterestsOf(topic, name, true)) {
      ++held_[interest.subject].first;
      held_[interest.subject].second = interest.via;
    }
    return holds_ ? ++last_ticket_ : 0;
  }
  void InterestEnded(cdc::Topic topic, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    interest_.push_back({false, topic, std::string(name)});
    for (const cdc::Interest& interest : cdc::InterestsOf(topic, name, true)) {
      if (--held_[interest.subject].first == 0) held_.erase(interest.subject);
    }
  }
  cdc::Ticket registered() const override {
    const std::lock_guard lock(mutex_);
    return registered_;
  }
  void Ask(cdc::NodeQuestion question, std::function<void(Answers)> done) override {
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(std::move(question));
    }
    done(answers_);
  }

 private:
  template <class Item>
  std::vector<Item> Take(std::vector<Item>& items) {
    const std::lock_guard lock(mutex_);
    return std::exchange(items, {});
  }
  std::vector<cdc::Via> Matching(std::string_view message) {
    const std::lock_guard lock(mutex_);
    std::vector<cdc::Via> vias;
    for (const auto& [subject, held] : held_) {
      if (cdc::SubjectMatches(subject, message)) vias.push_back(held.second);
    }
    return vias;
  }

  cdc::BusListener* listener_ = nullptr;
  mutable std::mutex mutex_;
  std::vector<Message> published_;
  std::vector<cdc::ChangeEvent> events_;
  std::vector<Interest> interest_;
  std::vector<cdc::NodeQuestion> questions_;
  std::map<std::string, std::pair<int, cdc::Via>> held_;
  Answers answers_;
  std::string refusal_;
  bool holds_ = false;
  cdc::Ticket last_ticket_ = 0;
  cdc::Ticket registered_ = 0;
};

}  // namespace tideway::test
