#include "resp/process/background.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace tideway::resp {
namespace {

Error Failed(const char* what) {
  return {Errc::kIo, std::string("Can't go to the background: ") + what + ": " +
                         std::generic_category().message(errno)};
}

/// The waiting process: ends when the server is ready or gone.
[[noreturn]] void WaitAndExit(int fd) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &byte, 1);
  } while (got < 0 && errno == EINTR);
  // Not exit(): what is registered to run at the end belongs to the server.
  ::_exit(got == 1 ? 0 : 1);
}

}  // namespace

Result<Background> Background::Start() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Failed("pipe");
  const pid_t pid = ::fork();
  if (pid < 0) {
    const Error error = Failed("fork");
    ::close(ends[0]);
    ::close(ends[1]);
    return error;
  }
  if (pid > 0) {
    ::close(ends[1]);
    WaitAndExit(ends[0]);
  }
  ::close(ends[0]);
  ::setsid();
  return Background(ends[1]);
}

Background::Background(Background&& other) noexcept
    : ready_fd_(std::exchange(other.ready_fd_, -1)) {}

Background::~Background() {
  if (ready_fd_ >= 0) ::close(ready_fd_);
}

void Background::Ready() {
  if (ready_fd_ < 0) return;
  const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; null_fd >= 0 && fd <= 2; ++fd) ::dup2(null_fd, fd);
  if (null_fd > 2) ::close(null_fd);
  while (::write(ready_fd_, "r", 1) < 0 && errno == EINTR) {
  }
  ::close(ready_fd_);
  ready_fd_ = -1;
}

}  // namespace tideway::resp
