// One I/O thread: its event loop, its worker and its connections.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include "backend/store.h"
#include "resp/net/connection.h"
#include "resp/protocol/request_arena.h"
#include "resp/worker.h"

namespace tideway::resp {

/// Start() and Stop() from the thread that made it; Post() and Adopt() from anywhere.
class IoThread final : public backend::ThreadPort {
 public:
  IoThread(ServerContext& server, size_t index);
  ~IoThread() override;

  void Start();
  /// Closes every connection, ends the loop and joins the thread.
  void Stop();

  /// Runs `job` on this thread inside a turn of its worker.
  void Post(std::function<void()> job) override;
  /// Serves a connected socket from now on. The descriptor is taken over.
  void Adopt(int fd, int family, std::string peer, std::string local, bool unix_socket);

  boost::asio::io_context& io() { return io_; }
  Worker& worker() { return worker_; }

  // --- for this thread's connections
  void RequestFlush(Connection& connection);
  void Forget(Connection& connection);
  /// Buffers that connections share because only one of them reads and parses at a time.
  struct Scratch {
    std::vector<char> input;
    RequestArena arena;
    std::vector<Args> requests;
    std::vector<size_t> ends;  // offset behind each request
  };
  Scratch& scratch() { return scratch_; }

 private:
  void RunCron();
  void RunTick();
  void FlushAll();

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer cron_;
  boost::asio::steady_timer tick_;
  Worker worker_;
  Scratch scratch_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Connection>> to_flush_;
  bool flush_posted_ = false;
  std::thread thread_;
};

}  // namespace tideway::resp
