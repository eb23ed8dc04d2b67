// One I/O thread: its event loop, its worker and its connections.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "backend/store.h"
#include "resp/net/client_poller.h"
#include "resp/net/connection.h"
#include "resp/protocol/byte_buffer.h"
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
  std::unique_ptr<backend::Waiter> MakeWaiter(int fd) override;
  /// Serves a connected socket from now on. The descriptor is taken over.
  void Adopt(int fd, std::string peer, std::string local, bool unix_socket);

  boost::asio::io_context& io() { return io_; }
  Worker& worker() { return worker_; }

  // --- for this thread's connections
  ClientPoller& poller() { return poller_; }
  /// Flushes the connection at the end of this turn.
  void RequestFlush(Connection& connection) { to_flush_.push_back(&connection); }
  void Forget(Connection& connection);
  /// Buffers that connections share because only one of them reads and parses at a time.
  struct Scratch {
    std::vector<char> input;
    RequestArena arena;
    std::vector<Args> requests;
    std::vector<size_t> ends;  // offset behind each request
  };
  Scratch& scratch() { return scratch_; }
  /// Replies of this turn, of all connections; each knows where its own lie. Empty between turns.
  ByteBuffer& replies() { return replies_; }
  /// Sends all that this turn has to send so far.
  void FlushAll();

 private:
  void OnClients(std::span<const epoll_event> ready);
  void RunCron();
  void RunTick();

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer cron_;
  boost::asio::steady_timer tick_;
  ClientPoller poller_;
  Worker worker_;
  Scratch scratch_;
  ByteBuffer replies_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> to_flush_;
  std::thread thread_;
};

}  // namespace tideway::resp
