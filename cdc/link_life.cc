#include "cdc/link_life.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tideway::cdc {

LinkLife::LinkLife(std::vector<std::string> servers, uint64_t seed)
    : servers_(std::move(servers)), random_(seed) {
  // Nodes spread over the servers.
  std::shuffle(servers_.begin(), servers_.end(), random_);
}

LinkLife::Step LinkLife::Next() {
  if (tried_ < servers_.size()) return {Step::What::kConnect, servers_[at_]};
  tried_ = 0;
  // Up to half of it off, so that nodes do not come back all at once.
  const auto spread = static_cast<uint64_t>(wait_ms_ / 2 + 1);
  const int64_t wait_ms = wait_ms_ - static_cast<int64_t>(random_() % spread);
  wait_ms_ = std::min(wait_ms_ * 2, kWaitMsMax);
  return {Step::What::kWait, {}, wait_ms};
}

LinkLife::Step LinkLife::Begin(int64_t now_ms) {
  down_since_ms_ = now_ms;
  return Next();
}

LinkLife::Step LinkLife::OnConnected(const std::string& shown, int64_t now_ms) {
  if (was_up_) {
    ++reconnects_;
    Say(true, fmt::format("Bus: connected to {} again after {:.1f} seconds", shown,
                          static_cast<double>(now_ms - down_since_ms_) / 1000));
  } else {
    Say(true, fmt::format("Bus: connected to {}", shown));
  }
  was_up_ = true;
  shown_ = shown;
  reasons_.clear();
  wait_ms_ = kWaitMsMin;
  return {Step::What::kServe};
}

LinkLife::Step LinkLife::OnFailed(const std::string& reason, int64_t) {
  const bool told = std::find(reasons_.begin(), reasons_.end(), reason) != reasons_.end();
  if (!told && reasons_.size() < kReasonsMax) {
    reasons_.push_back(reason);
    Say(false,
        fmt::format("Bus: no connection to {}: {}. Clients of this node go on among themselves "
                    "until a server answers",
                    servers_[at_], reason));
  }
  ++tried_;
  at_ = (at_ + 1) % servers_.size();
  return Next();
}

LinkLife::Step LinkLife::OnLost(const std::string& reason, int64_t now_ms) {
  Say(false, fmt::format("Bus: connection to {} lost: {}", shown_, reason));
  down_since_ms_ = now_ms;
  at_ = (at_ + 1) % servers_.size();
  tried_ = 0;
  return Next();
}

LinkLife::Step LinkLife::OnWaited(int64_t) { return Next(); }

void LinkLife::Learn(const std::string& server) {
  if (servers_.size() >= kServersMax) return;
  if (std::find(servers_.begin(), servers_.end(), server) != servers_.end()) return;
  servers_.push_back(server);
}

std::vector<LinkLife::Line> LinkLife::TakeLines() { return std::exchange(lines_, {}); }

}  // namespace tideway::cdc
