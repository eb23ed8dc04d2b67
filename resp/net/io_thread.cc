#include "resp/net/io_thread.h"

#include <boost/asio/post.hpp>
#include <chrono>

#include "resp/net/loop_waiter.h"

namespace tideway::resp {

namespace asio = boost::asio;

namespace {
constexpr auto kCronPeriod = std::chrono::milliseconds(100);
constexpr size_t kScratchBytes = 64 * 1024;
}  // namespace

IoThread::IoThread(ServerContext& server, size_t index)
    : work_(asio::make_work_guard(io_)),
      cron_(io_),
      tick_(io_),
      poller_(io_),
      worker_(server, index, *this) {
  scratch_.input.resize(kScratchBytes);
}

IoThread::~IoThread() { Stop(); }

void IoThread::Start() {
  poller_.Start([this](std::span<const epoll_event> ready) { OnClients(ready); });
  RunCron();
  if (worker_.index() == 0) RunTick();
  thread_ = std::thread([this] { io_.run(); });
}

void IoThread::Stop() {
  if (!thread_.joinable()) return;
  Post([this] {
    for (const auto& [connection, kept] : connections_) connection->Close();
  });
  asio::post(io_, [this] {
    poller_.Stop();
    cron_.cancel();
    tick_.cancel();
    work_.reset();
    io_.stop();
  });
  thread_.join();
  // What still waits in the loop names connections, whose sessions need the worker.
  io_.restart();
  io_.poll();
  connections_.clear();
}

void IoThread::Post(std::function<void()> job) {
  asio::post(io_, [this, job = std::move(job)] {
    Turn turn(worker_);
    job();
    FlushAll();
  });
}

std::unique_ptr<backend::Waiter> IoThread::MakeWaiter(int fd) {
  return std::make_unique<LoopWaiter>(io_, fd, [this](const std::function<void()>& job) {
    Turn turn(worker_);
    job();
    FlushAll();
  });
}

void IoThread::Adopt(int fd, std::string peer, std::string local, bool unix_socket) {
  Post([this, fd, peer = std::move(peer), local = std::move(local), unix_socket] {
    auto connection = std::make_unique<Connection>(*this, fd, peer, local, unix_socket);
    Connection& started = *connection;
    connections_.emplace(&started, std::move(connection));
    started.Start();
  });
}

void IoThread::OnClients(std::span<const epoll_event> ready) {
  Turn turn(worker_);
  for (const epoll_event& event : ready) {
    static_cast<Connection*>(event.data.ptr)->OnReady(event.events);
  }
  FlushAll();
}

void IoThread::FlushAll() {
  // By index: a connection that cannot be written to may ask for another's flush.
  for (size_t i = 0; i < to_flush_.size(); ++i) to_flush_[i]->Flush();
  to_flush_.clear();
  replies_.Clear();
  worker_.EndBusTurn();
}

void IoThread::Forget(Connection& connection) {
  worker_.server().counters.clients.fetch_sub(1, std::memory_order_relaxed);
  // The connection goes after this turn: whoever closed it may still be using it.
  asio::post(io_, [this, &connection] {
    Turn turn(worker_);
    connections_.erase(&connection);
  });
}

void IoThread::RunCron() {
  cron_.expires_after(kCronPeriod);
  cron_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    {
      Turn turn(worker_);
      worker_.Cron();
      FlushAll();
    }
    RunCron();
  });
}

void IoThread::RunTick() {
  int64_t wait_ms = 0;
  {
    Turn turn(worker_);
    wait_ms = worker_.TickStore();
    FlushAll();
  }
  tick_.expires_after(std::chrono::milliseconds(wait_ms));
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) RunTick();
  });
}

}  // namespace tideway::resp
