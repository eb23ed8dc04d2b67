#include "resp/net/client_poller.h"

#include <cerrno>
#include <cstddef>
#include <utility>

namespace tideway::resp {

ClientPoller::ClientPoller(boost::asio::io_context& io) : set_(io, epoll_create1(EPOLL_CLOEXEC)) {}

void ClientPoller::Start(Handler handler) {
  handler_ = std::move(handler);
  Wait();
}

void ClientPoller::Stop() { set_.cancel(); }

bool ClientPoller::Add(int fd, void* client, uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = client}};
  return epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void ClientPoller::Change(int fd, void* client, uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = client}};
  epoll_ctl(set_.native_handle(), EPOLL_CTL_MOD, fd, &event);
}

void ClientPoller::Wait() {
  set_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                  [this](const boost::system::error_code& error) {
                    if (error) return;
                    ServeReady();
                    Wait();
                  });
}

void ClientPoller::ServeReady() {
  // Where several clients are busy, more are ready by the time that these are answered: asking at
  // once is cheaper than going back to the loop. One client alone has yet to read its reply.
  int ready = 0;
  int rounds = 0;
  do {
    ready = epoll_wait(set_.native_handle(), ready_.data(), kReadyMax, 0);
    if (ready > 0) handler_({ready_.data(), static_cast<size_t>(ready)});
  } while (ready > 1 && ++rounds < kRoundsMax);
}

}  // namespace tideway::resp
