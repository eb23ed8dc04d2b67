#include "bench/load/client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "bench/error.h"

namespace tideway::bench {
namespace {

template <typename Words>
void AppendWords(std::string& out, const Words& words) {
  out += '*' + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words) {
    out += '$' + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
}

}  // namespace

void AppendCommand(std::string& out, std::initializer_list<std::string_view> words) {
  AppendWords(out, words);
}

void AppendCommand(std::string& out, const std::vector<std::string>& words) {
  AppendWords(out, words);
}

int TryConnect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

int Connect(int port) {
  const int fd = TryConnect(port);
  if (fd < 0) ThrowErrno("cannot connect to port " + std::to_string(port));
  return fd;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) ThrowErrno("the server closed a connection");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Client::~Client() { close(fd_); }

void Client::ReadMore() {
  std::array<char, 16384> chunk;
  const ssize_t got = recv(fd_, chunk.data(), chunk.size(), 0);
  if (got <= 0) throw BenchError("the server closed a connection");
  buffer_.append(chunk.data(), static_cast<std::size_t>(got));
}

std::string Client::ReadLine() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) ReadMore();
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string Client::Call(std::initializer_list<std::string_view> words) {
  std::string request;
  AppendCommand(request, words);
  SendAll(fd_, request);
  std::string line = ReadLine();
  const char type = line.empty() ? '?' : line[0];
  line.erase(0, 1);
  if (type == '+' || type == ':') return line;
  if (type == '-') throw BenchError("the server answered: " + line);
  if (type != '$') throw BenchError("an aggregate reply where none was expected");
  const long length = std::strtol(line.c_str(), nullptr, 10);
  if (length < 0) return "";
  const auto bytes = static_cast<std::size_t>(length);
  while (buffer_.size() < bytes + 2) ReadMore();
  std::string text = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes + 2);
  return text;
}

double Client::InfoNumber(std::string_view field) {
  const std::string info = fmt::format("\n{}", Call({"INFO"}));
  const std::string wanted = fmt::format("\n{}:", field);
  const std::size_t at = info.find(wanted);
  if (at == std::string::npos) return -1;
  return std::strtod(info.c_str() + at + wanted.size(), nullptr);
}

void Client::Exchange(std::string_view requests, std::size_t reply_bytes) {
  SendAll(fd_, requests);
  while (buffer_.size() < reply_bytes) ReadMore();
  if (buffer_[0] == '-') throw BenchError("the server answered: " + buffer_.substr(0, 200));
  buffer_.erase(0, reply_bytes);
}

bool Client::Answers(int port) {
  const int fd = TryConnect(port);
  if (fd < 0) return false;
  constexpr std::string_view kPong = "+PONG\r\n";
  std::array<char, 64> reply;
  ssize_t got = -1;
  if (send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6) got = recv(fd, reply.data(), reply.size(), 0);
  close(fd);
  return got == static_cast<ssize_t>(kPong.size()) &&
         std::string_view(reply.data(), kPong.size()) == kPong;
}

}  // namespace tideway::bench
