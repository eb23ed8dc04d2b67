// The running server: builds the parts, joins them, runs until it is told to stop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backend/result.h"
#include "resp/config/commandline.h"

namespace tideway::resp {

class Server {
 public:
  /// Opens the store and the listening sockets. Nothing is served yet. Errors are complete
  /// sentences for the log.
  static Result<std::unique_ptr<Server>> Create(const StartOptions& options);
  ~Server();

  /// Serves until SIGTERM, SIGINT or SHUTDOWN; returns the exit status. `serving` is called once,
  /// on this thread, when clients are accepted; the process manager (`supervised`) hears of it too.
  int Run(const std::function<void()>& serving);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tideway::resp
