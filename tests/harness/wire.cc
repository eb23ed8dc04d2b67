#include "tests/harness/wire.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

using Clock = std::chrono::steady_clock;

int Remaining(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left) + 1;
}

int MakeNonBlocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL, 0);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

}  // namespace

Wire& Wire::operator=(Wire&& other) noexcept {
  if (this == &other) return *this;
  Close();
  fd_ = std::exchange(other.fd_, -1);
  broken_ = other.broken_;
  buffer_ = std::move(other.buffer_);
  start_ = other.start_;
  return *this;
}

Wire Wire::ConnectTcp(std::uint16_t port) {
  Wire wire;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return wire;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return wire;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  wire.fd_ = MakeNonBlocking(fd);
  return wire;
}

Wire Wire::ConnectUnix(const std::string& path) {
  Wire wire;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return wire;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return wire;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return wire;
  }
  wire.fd_ = MakeNonBlocking(fd);
  return wire;
}

void Wire::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
  start_ = 0;
}

bool Wire::Fill() {
  char chunk[64 * 1024];
  for (;;) {
    const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got > 0) {
      buffer_.append(chunk, static_cast<std::size_t>(got));
      if (static_cast<std::size_t>(got) < sizeof chunk) return true;
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    broken_ = true;
    return false;
  }
}

void Wire::Compact() {
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = 0;
  } else if (start_ > 1 << 20) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
}

bool Wire::Send(std::string_view bytes) {
  if (fd_ < 0) return false;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      Fill();  // what the peer said before it closed
      broken_ = true;
      return false;
    }
    pollfd poll_fd{fd_, POLLIN | POLLOUT, 0};
    if (::poll(&poll_fd, 1, 10'000) == 0) return false;
    if ((poll_fd.revents & (POLLIN | POLLHUP)) != 0 && !Fill()) return false;
  }
  return true;
}

std::optional<std::string> Wire::Next(std::chrono::milliseconds timeout) {
  if (fd_ < 0) return std::nullopt;
  const auto deadline = Clock::now() + timeout;
  for (;;) {
    const std::string_view unread = std::string_view(buffer_).substr(start_);
    const std::ptrdiff_t length = FrameLength(unread);
    if (length > 0) {
      std::string frame(unread.substr(0, static_cast<std::size_t>(length)));
      start_ += frame.size();
      Compact();
      return frame;
    }
    if (length < 0) broken_ = true;
    if (broken_) return std::nullopt;
    pollfd poll_fd{fd_, POLLIN, 0};
    const int ready = ::poll(&poll_fd, 1, Remaining(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    Fill();
  }
}

std::string Wire::Drain(std::string_view mark, std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (fd_ >= 0 && !broken_ && !std::string_view(buffer_).ends_with(mark)) {
    pollfd poll_fd{fd_, POLLIN, 0};
    const int ready = ::poll(&poll_fd, 1, Remaining(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    Fill();
  }
  std::string bytes = buffer_.substr(start_);
  buffer_.clear();
  start_ = 0;
  return bytes;
}

}  // namespace tideway::tests
