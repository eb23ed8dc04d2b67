#include "bench/host/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include "bench/error.h"
#include "bench/load/client.h"

namespace tideway::bench {
namespace {

using std::chrono::steady_clock;

constexpr auto kStartupMax = std::chrono::seconds(60);
constexpr auto kShutdownMax = std::chrono::seconds(20);
constexpr auto kPollEvery = std::chrono::microseconds(100);
constexpr std::size_t kLogTailBytes = 600;

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, generic, length) != 0 || getsockname(fd, generic, &length) != 0) {
    ThrowErrno("no free port");
  }
  close(fd);
  return ntohs(address.sin_port);
}

std::vector<std::string> CommandLine(const ServerSpec& spec, Durability durability, int port,
                                     const std::string& dir) {
  std::vector<std::string> line = {
      spec.binary,  "--port",  std::to_string(port), "--bind", "127.0.0.1", "--dir", dir,
      "--loglevel", "warning", "--maxclients",       "15000"};
  const bool journal = durability == Durability::kEverysec;
  std::vector<std::string> storage;
  if (spec.kind == ServerKind::kRedis) {
    storage = {"--save", "", "--appendonly", journal ? "yes" : "no"};
    if (journal) {
      storage.insert(storage.end(),
                     {"--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"});
    }
  } else if (journal) {
    storage = {"--appendfsync", "everysec"};
  } else {
    storage = {"--storage", "memory"};
  }
  line.insert(line.end(), storage.begin(), storage.end());
  line.insert(line.end(), spec.extra_arguments.begin(), spec.extra_arguments.end());
  return line;
}

}  // namespace

const char* DurabilityName(Durability durability) {
  return durability == Durability::kNone ? "no persistence" : "journal everysec";
}

Server::Server(const ServerSpec& spec, Durability durability, std::string data_dir)
    : data_dir_(std::move(data_dir)), log_path_(data_dir_ + ".log"), port_(FreePort()) {
  std::filesystem::create_directories(data_dir_);
  const auto started = steady_clock::now();
  Spawn(spec, durability);
  try {
    AwaitPong(started);
  } catch (...) {
    Stop();
    throw;
  }
}

Server::~Server() { Stop(); }

void Server::Spawn(const ServerSpec& spec, Durability durability) {
  const std::vector<std::string> line = CommandLine(spec, durability, port_, data_dir_);
  std::vector<char*> argv;
  for (const std::string& word : line) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int log = open(log_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) ThrowErrno("cannot write " + log_path_);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) ThrowErrno("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(log);
}

void Server::AwaitPong(steady_clock::time_point started) {
  while (true) {
    if (Client::Answers(port_)) break;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw BenchError("the server ended at its start; its log ends: " + LogTail());
    }
    if (steady_clock::now() - started > kStartupMax) {
      throw BenchError("the server did not answer PING in time; its log ends: " + LogTail());
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  startup_ = steady_clock::now() - started;
}

void Server::Stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  const auto deadline = steady_clock::now() + kShutdownMax;
  while (waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (steady_clock::now() > deadline) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  pid_ = -1;
}

std::string Server::LogTail() const {
  std::ifstream file(log_path_);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > kLogTailBytes) text.erase(0, text.size() - kLogTailBytes);
  return text;
}

}  // namespace tideway::bench
