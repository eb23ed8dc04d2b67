// Readiness of many sockets.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace tideway::bench {

/// Level-triggered epoll over sockets that are named by a number of the caller's.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Watches `fd` for input. The poller does not own it.
  void Add(int fd, std::uint32_t id);

  /// Waits at most `timeout_ms` (0: not at all) and returns what is readable; `data.u32` is the id.
  /// The span is good until the next call.
  std::span<const epoll_event> Wait(int timeout_ms);

 private:
  int fd_;
  std::array<epoll_event, 1024> events_{};
};

/// Reads what `fd` has now into a buffer that the next call overwrites; empty when there is
/// nothing. Throws BenchError when the connection has ended.
std::string_view ReceiveSome(int fd);

}  // namespace tideway::bench
