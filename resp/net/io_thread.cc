#include "resp/net/io_thread.h"

#include <boost/asio/post.hpp>
#include <chrono>

namespace tideway::resp {

namespace asio = boost::asio;

namespace {
constexpr auto kCronPeriod = std::chrono::milliseconds(100);
constexpr size_t kScratchBytes = 64 * 1024;
}  // namespace

IoThread::IoThread(ServerContext& server, size_t index)
    : work_(asio::make_work_guard(io_)), cron_(io_), tick_(io_), worker_(server, index, *this) {
  scratch_.input.resize(kScratchBytes);
}

IoThread::~IoThread() { Stop(); }

void IoThread::Start() {
  RunCron();
  if (worker_.index() == 0) RunTick();
  thread_ = std::thread([this] { io_.run(); });
}

void IoThread::Stop() {
  if (!thread_.joinable()) return;
  Post([this] {
    const auto connections = connections_;
    for (const auto& connection : connections) connection->Close();
  });
  asio::post(io_, [this] {
    cron_.cancel();
    tick_.cancel();
    work_.reset();
    io_.stop();
  });
  thread_.join();
  // What still waits in the loop holds connections, whose sessions need the worker.
  connections_.clear();
  to_flush_.clear();
  io_.restart();
  io_.poll();
}

void IoThread::Post(std::function<void()> job) {
  asio::post(io_, [this, job = std::move(job)] {
    Turn turn(worker_);
    job();
  });
}

void IoThread::Adopt(int fd, int family, std::string peer, std::string local, bool unix_socket) {
  Post([this, fd, family, peer = std::move(peer), local = std::move(local), unix_socket] {
    const asio::generic::stream_protocol protocol(family, 0);
    auto connection = std::make_shared<Connection>(*this, Connection::Socket(io_, protocol, fd),
                                                   peer, local, unix_socket);
    connections_.insert(connection);
    connection->Start();
  });
}

void IoThread::RequestFlush(Connection& connection) {
  connection.flush_requested = true;
  to_flush_.push_back(connection.shared_from_this());
  if (flush_posted_) return;
  // Behind everything that is ready now, so that messages of several publishers share a write.
  flush_posted_ = true;
  asio::post(io_, [this] { FlushAll(); });
}

void IoThread::FlushAll() {
  Turn turn(worker_);
  flush_posted_ = false;
  std::vector<std::shared_ptr<Connection>> connections;
  connections.swap(to_flush_);
  for (const auto& connection : connections) connection->Flush();
}

void IoThread::Forget(Connection& connection) {
  worker_.server().counters.clients.fetch_sub(1, std::memory_order_relaxed);
  // The session goes at the end of the turn: whoever closed it may still be using it.
  asio::post(io_, [this, kept = connection.shared_from_this()] {
    Turn turn(worker_);
    connections_.erase(kept);
    kept->EndSession();
  });
}

void IoThread::RunCron() {
  cron_.expires_after(kCronPeriod);
  cron_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    {
      Turn turn(worker_);
      worker_.Cron();
    }
    RunCron();
  });
}

void IoThread::RunTick() {
  int64_t wait_ms = 0;
  {
    Turn turn(worker_);
    wait_ms = worker_.TickStore();
  }
  tick_.expires_after(std::chrono::milliseconds(wait_ms));
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) RunTick();
  });
}

}  // namespace tideway::resp
