// `daemonize yes`: going to the background, and only then when the server really serves.
#pragma once

#include <sys/types.h>

#include "backend/result.h"

namespace tideway::resp {

/// The process that was started stays until the server says Ready(), and then exits with 0; if the
/// server ends before, it exits with 1. So `tideway --daemonize yes && next` and systemd's
/// Type=forking wait for a server that answers, and see that it failed to start.
class Background {
 public:
  /// Forks: returns only in the new process, which leads a session of its own and still has the
  /// old standard streams. Call before any thread is started or file opened.
  static Result<Background> Start();

  /// In the foreground, where Ready() does nothing.
  Background() = default;
  Background(Background&& other) noexcept;
  Background& operator=(Background&&) = delete;
  ~Background();

  /// Lets the waiting process go, and cuts this one off its terminal: the standard streams become
  /// /dev/null.
  void Ready();

 private:
  explicit Background(int ready_fd) : ready_fd_(ready_fd) {}

  int ready_fd_ = -1;
};

}  // namespace tideway::resp
