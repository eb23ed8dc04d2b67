#include "resp/net/loop_waiter.h"

#include <poll.h>

#include <chrono>
#include <utility>

namespace tideway::resp {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

struct LoopWaiter::Pending {
  std::function<void(short)> done;
};

LoopWaiter::LoopWaiter(boost::asio::io_context& io, int fd, Runner run)
    : descriptor_(io), timer_(io), run_(std::move(run)) {
  error_code ignored;
  if (fd >= 0) descriptor_.assign(fd, ignored);  // what cannot be watched only times out
}

LoopWaiter::~LoopWaiter() {
  pending_.reset();
  if (descriptor_.is_open()) descriptor_.release();
}

void LoopWaiter::Wait(short events, int64_t timeout_ms, std::function<void(short ready)> done) {
  pending_ = std::make_shared<Pending>(Pending{std::move(done)});
  const std::weak_ptr<Pending> waiting = pending_;
  const auto tell = [this, waiting](short ready) {
    return [this, waiting, ready](const error_code& error) {
      if (error == boost::asio::error::operation_aborted) return;
      if (const auto pending = waiting.lock()) Finish(pending, ready);
    };
  };
  if (descriptor_.is_open()) {
    if ((events & POLLIN) != 0) {
      descriptor_.async_wait(stream_descriptor::wait_read, tell(POLLIN));
    }
    if ((events & POLLOUT) != 0) {
      descriptor_.async_wait(stream_descriptor::wait_write, tell(POLLOUT));
    }
  }
  if (timeout_ms >= 0) {
    timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    timer_.async_wait(tell(0));
  }
}

void LoopWaiter::Finish(const std::shared_ptr<Pending>& pending, short ready) {
  pending_.reset();
  if (descriptor_.is_open()) {
    error_code ignored;
    descriptor_.cancel(ignored);
  }
  timer_.cancel();
  // The call may destroy this waiter.
  const Runner run = run_;
  const auto done = std::move(pending->done);
  run([&done, ready] { done(ready); });
}

}  // namespace tideway::resp
