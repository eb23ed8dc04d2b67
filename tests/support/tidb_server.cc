#include "tests/support/tidb_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace tideway::testing_support {
namespace {

constexpr std::chrono::seconds kStartLimit(60);
constexpr int kStartAttempts = 3;
constexpr std::string_view kVersion = "v8.5.4";

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that nobody has now.
uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

// A MySQL server speaks first: true when somebody does.
bool Greets(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in address = Loopback(port);
  char byte = 0;
  const bool greets =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      recv(fd, &byte, 1, 0) == 1;
  close(fd);
  return greets;
}

std::string FindProgram() {
  if (const char* program = std::getenv("TIDEWAY_TIDB")) return program;
  const char* const cache = std::getenv("TIDEWAY_CACHE");
  const char* const home = std::getenv("HOME");
  const std::string root = cache != nullptr  ? cache
                           : home != nullptr ? std::string(home) + "/.cache/tideway"
                                             : "";
  return root + "/tidb-" + std::string(kVersion) + "/bin/tidb-server";
}

// With settings for a server that is quiet and does no work in the background that a test has no
// use for.
std::string MakeFolder(const std::string& settings) {
  std::string folder = (std::filesystem::temp_directory_path() / "tideway-tidb-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder can be made");
  std::ofstream(folder + "/tidb.toml")
      << "split-table = false\nlease = \"1s\"\n[log]\nlevel = \"error\"\n"
         "slow-query-file = \""
      << folder
      << "/slow.log\"\n"
         "[performance]\nstats-lease = \"0\"\nrun-auto-analyze = false\n"
      << settings;
  return folder;
}

bool StandsStill(const std::filesystem::path& thread) {
  std::ifstream stat(thread / "stat");
  const std::string line((std::istreambuf_iterator<char>(stat)), {});
  const size_t name_end = line.rfind(')');
  return name_end == std::string::npos || line.compare(name_end + 2, 1, "T") == 0;
}

}  // namespace

TidbServer::TidbServer(std::string program, std::string folder, uint16_t port, uint16_t status_port)
    : program_(std::move(program)),
      folder_(std::move(folder)),
      port_(port),
      status_port_(status_port) {}

TidbServer::~TidbServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::unique_ptr<TidbServer> TidbServer::Start(std::string* why, const std::string& settings) {
  const std::string program = FindProgram();
  if (program == "off") {
    *why = "TIDEWAY_TIDB is off: under ThreadSanitizer the time limits of these tests do not hold";
    return nullptr;
  }
  if (access(program.c_str(), X_OK) != 0) {
    *why = "there is no tidb-server (tests/tidb/build.sh builds it)";
    return nullptr;
  }
  // It is there, so it has to work: a test that skipped for less would never be missed. Somebody
  // else may take its ports before it does.
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    std::unique_ptr<TidbServer> server(
        new TidbServer(program, MakeFolder(settings), FreePort(), FreePort()));
    if (server->Restart()) return server;
  }
  throw std::runtime_error("tidb-server did not start: " + program);
}

std::string TidbServer::Address(const std::string& database) const {
  return "tidb://root@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

bool TidbServer::Spawn() {
  const std::vector<std::string> words = {program_,
                                          "-config",
                                          folder_ + "/tidb.toml",
                                          "-store",
                                          "unistore",
                                          "-path",
                                          folder_ + "/data",
                                          "-host",
                                          "127.0.0.1",
                                          "-P",
                                          std::to_string(port_),
                                          "-status",
                                          std::to_string(status_port_),
                                          "-socket",
                                          folder_ + "/tidb.sock",
                                          "-log-file",
                                          folder_ + "/log"};
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string output = folder_ + "/output";
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int failed = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) pid_ = 0;
  return failed == 0;
}

bool TidbServer::Restart() { return Spawn() && WaitUntilReady(); }

bool TidbServer::WaitUntilReady() {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < deadline) {
    if (Greets(port_)) return true;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

void TidbServer::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void TidbServer::Freeze() {
  kill(pid_, SIGSTOP);
  // Threads that run elsewhere stop a little later.
  const std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid_) + "/task");
  for (const auto& thread : threads) {
    while (!StandsStill(thread.path())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}
void TidbServer::Thaw() { kill(pid_, SIGCONT); }

}  // namespace tideway::testing_support
