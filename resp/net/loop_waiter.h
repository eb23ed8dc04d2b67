// backend/thread_port.h's waiter on an I/O thread's loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "backend/thread_port.h"

namespace tideway::resp {

/// Does not own the descriptor. `run` runs a function inside a turn of the thread's worker.
class LoopWaiter final : public backend::Waiter {
 public:
  using Runner = std::function<void(const std::function<void()>&)>;

  LoopWaiter(boost::asio::io_context& io, int fd, Runner run);
  ~LoopWaiter() override;

  void Wait(short events, int64_t timeout_ms, std::function<void(short ready)> done) override;

 private:
  struct Pending;
  void Finish(const std::shared_ptr<Pending>& pending, short ready);

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  const Runner run_;
  std::shared_ptr<Pending> pending_;  // of the wait under way
};

}  // namespace tideway::resp
