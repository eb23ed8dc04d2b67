#include "tests/support/manual_port.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

namespace tideway::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
// How long WaitAndTake() sleeps between two looks at descriptors.
constexpr auto kLookEvery = std::chrono::microseconds(200);

}  // namespace

class ManualPort::PolledWaiter final : public backend::Waiter {
 public:
  PolledWaiter(ManualPort& port, int fd) : port_(port), fd_(fd) { port_.waiters_.push_back(this); }
  ~PolledWaiter() override { std::erase(port_.waiters_, this); }

  void Wait(short events, int64_t timeout_ms, std::function<void(short)> done) override {
    events_ = events;
    due_ = timeout_ms < 0 ? SteadyClock::time_point::max()
                          : SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
    done_ = std::make_shared<std::function<void(short)>>(std::move(done));
  }

  /// Posts the call when the wait is over.
  void Look() {
    if (done_ == nullptr) return;
    pollfd look{.fd = fd_, .events = events_, .revents = 0};
    short ready = 0;
    if (fd_ >= 0 && poll(&look, 1, 0) == 1) {
      // An error shows at the next call of whoever waits.
      ready = (look.revents & events_) != 0 ? static_cast<short>(look.revents & events_) : events_;
    }
    if (ready == 0 && SteadyClock::now() < due_) return;
    // Not called when the waiter is destroyed first.
    posted_ = std::move(done_);
    port_.Post([ready, call = std::weak_ptr(posted_)] {
      if (const auto done = call.lock()) (*done)(ready);
    });
  }

 private:
  ManualPort& port_;
  const int fd_;
  short events_ = 0;
  SteadyClock::time_point due_;
  std::shared_ptr<std::function<void(short)>> done_;
  std::shared_ptr<std::function<void(short)>> posted_;
};

ManualPort::ManualPort() = default;
ManualPort::~ManualPort() = default;

std::unique_ptr<backend::Waiter> ManualPort::MakeWaiter(int fd) {
  return std::make_unique<PolledWaiter>(*this, fd);
}

void ManualPort::LookAtWaiters() {
  const std::vector<PolledWaiter*> waiters = waiters_;
  for (PolledWaiter* waiter : waiters) waiter->Look();
}

std::vector<std::function<void()>> ManualPort::Take() {
  LookAtWaiters();
  const std::lock_guard lock(mutex_);
  return std::exchange(jobs_, {});
}

std::vector<std::function<void()>> ManualPort::WaitAndTake() {
  for (;;) {
    LookAtWaiters();
    std::unique_lock lock(mutex_);
    const auto is_posted = [this] { return !jobs_.empty(); };
    if (waiters_.empty()) {
      posted_.wait(lock, is_posted);
    } else {
      posted_.wait_for(lock, kLookEvery, is_posted);
    }
    if (is_posted()) return std::exchange(jobs_, {});
  }
}

}  // namespace tideway::test
