// The addresses behind a host's name, looked up without holding up an I/O thread: the system's
// resolver blocks, for many seconds when the name servers are away.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/thread_port.h"

namespace tideway::backend {

/// Whether a host is an address already.
bool IsNumericHost(const std::string& host);

/// Thread-safe. A name has one look-up under way, on a thread that ends with it, whoever asks
/// meanwhile.
class HostName : public std::enable_shared_from_this<HostName> {
 public:
  struct Found {
    std::vector<std::string> addresses;
    std::string error;  // for people, when there are none
  };
  using Resolve = std::function<Found(const std::string& name)>;

  /// `resolve` may block; by default it asks the system.
  explicit HostName(std::string name, Resolve resolve = {});

  /// All addresses, in turn another one first; or an error and none.
  using Answer =
      std::function<void(const std::vector<std::string>& addresses, const std::string& error)>;
  /// Answers once, on the thread of `port`, never from within; and not at all when the ticket is
  /// gone before.
  std::shared_ptr<void> Find(ThreadPort& port, Answer answer);

 private:
  struct Asker;
  void Look();

  const std::string name_;
  const Resolve resolve_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Asker>> askers_;
  bool looking_ = false;
  size_t turn_ = 0;
};

}  // namespace tideway::backend
