#include "cdc/wire.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace tideway::cdc {

Wire::Wire() : wake_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Wire::~Wire() { close(wake_fd); }

void Wire::Wake() {
  if (woken.exchange(true)) return;
  const uint64_t one = 1;
  while (write(wake_fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Wire::TakeWake() {
  uint64_t count = 0;
  while (read(wake_fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
  woken.store(false);
}

}  // namespace tideway::cdc
