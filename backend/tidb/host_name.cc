#include "backend/tidb/host_name.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <thread>
#include <utility>

namespace tideway::backend {
namespace {

HostName::Found AskSystem(const std::string& name) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(name.c_str(), nullptr, &hints, &list); error != 0) {
    return {{}, "unknown host '" + name + "': " + gai_strerror(error)};
  }
  HostName::Found found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text = {};
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      found.addresses.emplace_back(text.data());
    }
  }
  freeaddrinfo(list);
  if (found.addresses.empty()) found.error = "host '" + name + "' has no address";
  return found;
}

}  // namespace

// The mutex keeps the port alive while something is posted to it.
struct HostName::Asker {
  std::mutex mutex;
  ThreadPort* port;  // null: nobody waits any more
  Answer answer;
};

bool IsNumericHost(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address = {};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

HostName::HostName(std::string name, Resolve resolve)
    : name_(std::move(name)), resolve_(resolve ? std::move(resolve) : Resolve(AskSystem)) {}

std::shared_ptr<void> HostName::Find(ThreadPort& port, Answer answer) {
  auto asker = std::make_shared<Asker>();
  asker->port = &port;
  asker->answer = std::move(answer);
  const std::lock_guard lock(mutex_);
  askers_.push_back(asker);
  if (!looking_) {
    try {
      std::thread([self = shared_from_this()] { self->Look(); }).detach();
      looking_ = true;
    } catch (const std::system_error&) {
      // No thread is to be had now: who waits finds nothing in time, and asks again.
      askers_.clear();
    }
  }
  return {nullptr, [asker](void*) {
            const std::lock_guard gone(asker->mutex);
            asker->port = nullptr;
          }};
}

void HostName::Look() {
  const Found found = resolve_(name_);
  std::vector<std::shared_ptr<Asker>> askers;
  size_t turn = 0;
  {
    const std::lock_guard lock(mutex_);
    looking_ = false;
    askers.swap(askers_);
    turn = turn_;
    turn_ += askers.size();
  }
  for (const auto& asker : askers) {
    std::vector<std::string> addresses = found.addresses;
    if (!addresses.empty()) {
      const size_t first = turn++ % addresses.size();
      std::rotate(addresses.begin(), addresses.begin() + static_cast<ptrdiff_t>(first),
                  addresses.end());
    }
    const std::lock_guard lock(asker->mutex);
    if (asker->port == nullptr) continue;
    asker->port->Post([asker, addresses = std::move(addresses), error = found.error] {
      // Only this thread lets go of the ticket.
      if (asker->port != nullptr) asker->answer(addresses, error);
    });
  }
}

}  // namespace tideway::backend
