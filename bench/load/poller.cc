#include "bench/load/poller.h"

#include <sys/socket.h>
#include <unistd.h>

#include "bench/error.h"

namespace tideway::bench {

Poller::Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) ThrowErrno("epoll_create1");
}

Poller::~Poller() { close(fd_); }

void Poller::Add(int fd, std::uint32_t id) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = id;
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) ThrowErrno("epoll_ctl");
}

std::span<const epoll_event> Poller::Wait(int timeout_ms) {
  const int ready = epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
  if (ready < 0 && errno != EINTR) ThrowErrno("epoll_wait");
  return {events_.data(), ready > 0 ? static_cast<std::size_t>(ready) : 0};
}

std::string_view ReceiveSome(int fd) {
  static thread_local std::array<char, 65536> buffer;
  const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got > 0) return {buffer.data(), static_cast<std::size_t>(got)};
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  throw BenchError("the server closed a connection");
}

}  // namespace tideway::bench
