// Which of an I/O thread's client sockets are ready: one epoll set of their own inside the loop.
//
// The loop (Asio) waits on the whole set as on one descriptor and hears of all ready clients at
// once. That is worth a file: Asio alone arms every socket again after every request, with a system
// call that a client's next request does not need, and it tells of one socket at a time, so that
// work for many clients could not share a turn and replies not leave together.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <span>

namespace tideway::resp {

/// Level-triggered: a client stays ready until its input is read. Confined to its loop's thread.
class ClientPoller {
 public:
  using Handler = std::function<void(std::span<const epoll_event>)>;

  explicit ClientPoller(boost::asio::io_context& io);

  /// `handler` is called in the loop with the clients that are ready; `data.ptr` is what Add() got.
  void Start(Handler handler);
  void Stop();

  /// Watches a socket; it leaves the set when it is closed. False with errno when it cannot.
  bool Add(int fd, void* client, uint32_t events);
  void Change(int fd, void* client, uint32_t events);

 private:
  /// Clients told of at once: enough to share a turn, few enough that timers get theirs.
  static constexpr int kReadyMax = 128;
  /// Rounds before the loop gets its turn again, for the same reason.
  static constexpr int kRoundsMax = 8;

  void Wait();
  void ServeReady();

  boost::asio::posix::stream_descriptor set_;
  Handler handler_;
  std::array<epoll_event, kReadyMax> ready_;
};

}  // namespace tideway::resp
