// The bus's twin for tests: keeps what the server tells it, and plays the other nodes.
//
//   RecordingBus bus;
//   … PUBLISH a x …            bus.TakePublished() == {{Topic::kChannel, "a", "x"}}
//   bus.Receive(Topic::kChannel, "a", "from afar");   // as if another node had published
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cdc/bus.h"

namespace tideway::test {

/// Thread-safe.
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
  std::vector<Interest> TakeInterest() { return Take(interest_); }
  /// Another node published this. On the caller's thread.
  void Receive(cdc::Topic topic, std::string_view channel, std::string_view payload) {
    const std::lock_guard lock(receiver_mutex_);
    if (receiver_) receiver_(topic, channel, payload);
  }

  // --- Bus
  bool alone() const override { return false; }
  void SetReceiver(Receiver receiver) override {
    const std::lock_guard lock(receiver_mutex_);
    receiver_ = std::move(receiver);
  }
  void Publish(cdc::Topic topic, std::string_view channel, std::string_view payload) override {
    const std::lock_guard lock(mutex_);
    published_.push_back({topic, std::string(channel), std::string(payload)});
  }
  void InterestBegan(cdc::Topic topic, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    interest_.push_back({true, topic, std::string(name)});
  }
  void InterestEnded(cdc::Topic topic, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    interest_.push_back({false, topic, std::string(name)});
  }

 private:
  template <class Item>
  std::vector<Item> Take(std::vector<Item>& items) {
    const std::lock_guard lock(mutex_);
    return std::exchange(items, {});
  }

  std::mutex receiver_mutex_;
  Receiver receiver_;
  std::mutex mutex_;
  std::vector<Message> published_;
  std::vector<Interest> interest_;
};

}  // namespace tideway::test
