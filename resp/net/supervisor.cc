#include "resp/net/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace tideway::resp {
namespace {

bool InEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

Supervised DetectSupervisor(Supervised setting) {
  const bool systemd = InEnvironment("NOTIFY_SOCKET");
  const bool upstart = InEnvironment("UPSTART_JOB");
  if (setting == Supervised::kAuto) {
    return systemd ? Supervised::kSystemd : upstart ? Supervised::kUpstart : Supervised::kNo;
  }
  if (setting == Supervised::kSystemd && systemd) return setting;
  if (setting == Supervised::kUpstart && upstart) return setting;
  return Supervised::kNo;
}

std::string_view SupervisorName(Supervised manager) {
  switch (manager) {
    case Supervised::kSystemd:
      return "systemd";
    case Supervised::kUpstart:
      return "upstart";
    case Supervised::kAuto:
    case Supervised::kNo:
      break;
  }
  return "no";
}

void TellReady(Supervised manager) {
  if (manager == Supervised::kSystemd) {
    NotifySystemd("STATUS=Ready to accept connections\nREADY=1\n");
  } else if (manager == Supervised::kUpstart) {
    ::raise(SIGSTOP);
  }
}

void TellStopping(Supervised manager) {
  if (manager == Supervised::kSystemd) NotifySystemd("STATUS=Stopping\nSTOPPING=1\n");
}

bool NotifySystemd(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(path);
  if (length < 2 || length >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // a name without a file
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const ssize_t sent = ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), size);
  ::close(fd);
  return sent == static_cast<ssize_t>(state.size());
}

}  // namespace tideway::resp
