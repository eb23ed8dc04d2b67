#include "tests/harness/server_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/harness/wire.h"

namespace tideway::tests {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The status as a shell would tell it: exit code, or 128 + signal.
int StatusOf(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

bool AnswersPing(std::uint16_t port) {
  Wire wire = Wire::ConnectTcp(port);
  if (!wire.open() || !wire.Send("*1\r\n$4\r\nPING\r\n")) return false;
  const auto reply = wire.Next(milliseconds(1000));
  return reply && *reply == "+PONG\r\n";
}

[[noreturn]] void Exec(const std::vector<std::string>& argv,
                       const std::map<std::string, std::string>& env, const std::string& log_path) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = ::open(log_path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  ::dup2(log, 1);
  ::dup2(log, 2);
  for (const auto& [name, value] : env) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> raw;
  for (const std::string& arg : argv) raw.push_back(const_cast<char*>(arg.c_str()));
  raw.push_back(nullptr);
  ::execvp(raw[0], raw.data());
  std::perror("exec");
  ::_exit(127);
}

}  // namespace

TempFolder::TempFolder(const std::string& name) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/" + name + ".XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror("mkdtemp");
    std::exit(2);
  }
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  if (!keep_) std::filesystem::remove_all(path_, ignored);
}

std::uint16_t FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::optional<std::string> VersionOf(const std::string& binary) {
  const std::string command = "'" + binary + "' --version 2>/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char line[256];
  while (std::fgets(line, sizeof line, pipe) != nullptr) text += line;
  if (::pclose(pipe) != 0 || text.empty()) return std::nullopt;
  return text;
}

bool IsRedis(const std::string& binary) {
  const auto version = VersionOf(binary);
  return version && version->rfind("Redis server", 0) == 0;
}

bool ServerProcess::Spawn(const Settings& settings) {
  Kill();
  error_.clear();
  port_ = FreePort();
  const std::string& run_dir = settings.run_dir.empty() ? settings.dir : settings.run_dir;
  socket_path_ = run_dir + "/socket";
  log_path_ = run_dir + "/log";
  ::unlink(socket_path_.c_str());
  std::vector<std::string> argv = {settings.binary, "--port", std::to_string(port_), "--unixsocket",
                                   socket_path_,    "--dir",  settings.dir};
  argv.insert(argv.end(), settings.args.begin(), settings.args.end());
  pid_ = ::fork();
  if (pid_ == 0) Exec(argv, settings.env, log_path_);
  if (pid_ < 0) error_ = "fork failed";
  return pid_ > 0;
}

bool ServerProcess::Start(const Settings& settings) {
  // A second and third try: between FreePort() and bind() somebody else may take the port.
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (!Spawn(settings)) return false;
    const auto deadline = Clock::now() + settings.start_timeout;
    while (Clock::now() < deadline) {
      if (AnswersPing(port_)) return true;
      if (!Running()) break;
      std::this_thread::sleep_for(milliseconds(5));
    }
    const std::string log = Log();
    error_ = settings.binary + (Running() ? " does not answer: " : " ended: ") + log;
    Kill();
    if (log.find("ddress already in use") == std::string::npos) break;
  }
  return false;
}

std::optional<int> ServerProcess::RunToEnd(const Settings& settings, milliseconds timeout) {
  if (!Spawn(settings)) return std::nullopt;
  const auto status = WaitForEnd(timeout);
  if (!status) Kill();
  return status;
}

std::optional<int> ServerProcess::WaitForEnd(milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  do {
    int status = 0;
    if (pid_ <= 0) return std::nullopt;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return StatusOf(status);
    }
    std::this_thread::sleep_for(milliseconds(2));
  } while (Clock::now() < deadline);
  return std::nullopt;
}

bool ServerProcess::Running() {
  if (pid_ <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  pid_ = -1;
  return false;
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

std::optional<int> ServerProcess::Terminate(milliseconds timeout) {
  if (pid_ <= 0) return std::nullopt;
  ::kill(pid_, SIGTERM);
  const auto status = WaitForEnd(timeout);
  if (!status) Kill();
  return status;
}

std::string ServerProcess::Log(std::size_t bytes) const {
  std::ifstream file(log_path_, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  std::string text = all.str();
  if (text.size() > bytes) text.erase(0, text.size() - bytes);
  return text;
}

}  // namespace tideway::tests
