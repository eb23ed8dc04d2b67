#include "tests/support/sql_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>
#include <utility>

namespace tideway::testing_support {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(30);
// A server that has answered nothing for so long has come to the end of a packet of statements.
constexpr auto kQuiet = std::chrono::milliseconds(150);

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// -1: nobody is there.
int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  SetNoDelay(fd);
  return fd;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// Empty: the other side has closed.
std::string Receive(int fd) {
  std::string bytes(65536, '\0');
  const ssize_t got = recv(fd, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

// Bytes of the packet at the front, with its head; 0 when it is not whole.
size_t PacketBytes(std::string_view bytes) {
  constexpr size_t kHead = 4;
  if (bytes.size() < kHead) return 0;
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[i])); };
  const size_t size = kHead + (byte(0) | byte(1) << 8 | byte(2) << 16);
  return bytes.size() < size ? 0 : size;
}

}  // namespace

SqlProxy::SqlProxy(uint16_t server_port) : server_port_(server_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener_, 64);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Loop(); });
}

SqlProxy::~SqlProxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  thread_.join();
  close(listener_);
}

void SqlProxy::LoseNext(const std::string& text, Lose what, int times) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < times; ++i) plans_.push_back({text, what});
}

void SqlProxy::Relent() {
  const std::lock_guard lock(mutex_);
  plans_.clear();
}

void SqlProxy::DeliverLate() {
  std::unique_lock lock(mutex_);
  deliver_ = true;
  changed_.wait_for(lock, kPatience, [this] { return !deliver_; });
}

int SqlProxy::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void SqlProxy::GoAway() {
  std::unique_lock lock(mutex_);
  away_ = true;
  changed_.wait_for(lock, kPatience, [this] { return pairs_.empty(); });
}

void SqlProxy::ComeBack() {
  const std::lock_guard lock(mutex_);
  away_ = false;
}

void SqlProxy::Close(Pair& pair) {
  if (pair.client >= 0) close(std::exchange(pair.client, -1));
  if (pair.server >= 0) close(std::exchange(pair.server, -1));
}

// Looks at what it was told every few ms; nothing here is in a hurry.
void SqlProxy::Loop() {
  constexpr int kLookMs = 5;
  for (;;) {
    std::vector<pollfd> polls = {{.fd = listener_, .events = POLLIN, .revents = 0}};
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      for (const auto& pair : pairs_) {
        polls.push_back({.fd = pair->client, .events = POLLIN, .revents = 0});
        polls.push_back({.fd = pair->server, .events = POLLIN, .revents = 0});
      }
    }
    poll(polls.data(), polls.size(), kLookMs);
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < pairs_.size(); ++i) {
      Pair& pair = *pairs_[i];
      const bool from_client = polls[1 + 2 * i].revents != 0;
      const bool from_server = polls[2 + 2 * i].revents != 0;
      if (away_ || (from_client && pair.client >= 0 && !FromClient(pair)) ||
          (from_server && pair.server >= 0 && !FromServer(pair))) {
        Close(pair);
      }
      if (pair.heard != SteadyClock::time_point() && SteadyClock::now() - pair.heard > kQuiet) {
        ++lost_;
        Close(pair);
      }
      if (deliver_ && !pair.late.empty()) SendAll(pair.server, std::exchange(pair.late, {}));
    }
    std::erase_if(pairs_, [](const auto& pair) { return pair->server < 0; });
    if (polls[0].revents != 0) Accept();
    changed_.notify_all();
  }
  for (const auto& pair : pairs_) Close(*pair);
}

void SqlProxy::Accept() {
  auto pair = std::make_unique<Pair>();
  pair->client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (pair->client < 0) return;
  SetNoDelay(pair->client);
  pair->server = away_ ? -1 : Connect(server_port_);
  if (pair->server < 0) return Close(*pair);
  pairs_.push_back(std::move(pair));
}

bool SqlProxy::FromClient(Pair& pair) {
  const std::string bytes = Receive(pair.client);
  if (bytes.empty()) return false;
  pair.request += bytes;
  while (const size_t size = PacketBytes(pair.request)) {
    const std::string packet = pair.request.substr(0, size);
    pair.request.erase(0, size);
    if (!Forward(pair, packet)) return false;
    if (pair.client < 0) break;
  }
  return true;
}

bool SqlProxy::Forward(Pair& pair, const std::string& packet) {
  if (plans_.empty() || packet.find(plans_.front().text) == std::string::npos) {
    return SendAll(pair.server, packet);
  }
  const Lose what = plans_.front().what;
  plans_.pop_front();
  switch (what) {
    case Lose::kRequest:
      ++lost_;
      return false;
    case Lose::kAnswer:
      pair.loses_answer = true;
      return SendAll(pair.server, packet);
    case Lose::kContact:
      ++lost_;
      pair.late = packet;
      close(std::exchange(pair.client, -1));
      return true;
  }
  return false;
}

bool SqlProxy::FromServer(Pair& pair) {
  const std::string bytes = Receive(pair.server);
  if (pair.loses_answer) {
    pair.heard = SteadyClock::now();
    return !bytes.empty();
  }
  if (pair.client < 0) {
    deliver_ = false;  // the answer to what came late
    return false;
  }
  return !bytes.empty() && SendAll(pair.client, bytes);
}

}  // namespace tideway::testing_support
