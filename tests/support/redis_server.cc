#include "tests/support/redis_server.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace tideway::testing_support {
namespace {

constexpr std::chrono::seconds kStartLimit(20);
constexpr int kSilenceLimitMs = 20'000;

// Connected, or -1.
int Connect(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

// The "7.0.15" of `redis-server --version`, or "" without one.
std::string InstalledVersion() {
  FILE* output = popen("redis-server --version 2>/dev/null", "r");
  if (output == nullptr) return {};
  std::array<char, 256> line = {};
  const size_t size = std::fread(line.data(), 1, line.size() - 1, output);
  pclose(output);
  const std::string_view text(line.data(), size);
  const size_t begin = text.find(" v=");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin + 3, text.find(' ', begin + 3) - begin - 3));
}

}  // namespace

RedisServer::RedisServer(std::string folder, pid_t pid)
    : folder_(std::move(folder)), socket_path_(folder_ + "/redis.sock"), pid_(pid) {}

RedisServer::~RedisServer() {
  if (pid_ != 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::unique_ptr<RedisServer> RedisServer::Start(const std::vector<std::string>& settings,
                                                std::string* why) {
  const std::string version = InstalledVersion();
  if (version != kVersion) {
    *why = version.empty() ? "redis-server is not installed"
                           : "redis-server is " + version + ", not " + std::string(kVersion);
    return nullptr;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "tideway-redis-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    *why = "no temporary folder can be made";
    return nullptr;
  }
  std::vector<std::string> words = {"redis-server",
                                    "--port",
                                    "0",
                                    "--unixsocket",
                                    folder + "/redis.sock",
                                    "--dir",
                                    folder,
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "no",
                                    "--logfile",
                                    folder + "/log"};
  words.insert(words.end(), settings.begin(), settings.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_t pid = 0;
  if (posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0) {
    std::filesystem::remove_all(folder);
    *why = "redis-server cannot be run";
    return nullptr;
  }
  std::unique_ptr<RedisServer> server(new RedisServer(std::move(folder), pid));
  if (!server->WaitUntilReady()) {
    *why = "redis-server did not start";
    return nullptr;
  }
  return server;
}

bool RedisServer::WaitUntilReady() {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < deadline) {
    const int fd = Connect(socket_path_);
    if (fd >= 0) {
      close(fd);
      return true;
    }
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

std::string RedisServer::Exchange(std::string_view bytes) const {
  const int fd = Connect(socket_path_);
  if (fd < 0) return "cannot connect";
  fcntl(fd, F_SETFL, O_NONBLOCK);
  std::string replies;
  bool sending = true;
  while (true) {
    pollfd poll_fd = {fd, static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0};
    if (poll(&poll_fd, 1, kSilenceLimitMs) <= 0) {
      replies += "(silence)";
      break;
    }
    if (sending && (poll_fd.revents & POLLOUT) != 0) {
      const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      // The server may close at an error before it has read everything.
      if (sent < 0 && errno != EAGAIN) bytes = {};
      if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
      if (bytes.empty()) {
        shutdown(fd, SHUT_WR);
        sending = false;
      }
    }
    if ((poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      std::array<char, 16 * 1024> chunk;
      const ssize_t received = recv(fd, chunk.data(), chunk.size(), 0);
      if (received < 0 && errno == EAGAIN) continue;
      if (received <= 0) break;
      replies.append(chunk.data(), static_cast<size_t>(received));
    }
  }
  close(fd);
  return replies;
}

}  // namespace tideway::testing_support
