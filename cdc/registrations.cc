#include "cdc/registrations.h"

#include <algorithm>
#include <utility>

namespace tideway::cdc {

Ticket Registrations::Began(int64_t now_ms) {
  began_ = true;
  if (!up_) return 0;
  if (issued_ <= registered_) since_ms_ = now_ms;
  return issued_ = open_;
}

Ticket Registrations::Leave() { return std::exchange(began_, false) && up_ ? open_++ : 0; }

bool Registrations::Arrived(Ticket ticket, int64_t now_ms) {
  if (ticket <= registered_) return false;
  registered_ = ticket;
  since_ms_ = now_ms;
  return true;
}

Ticket Registrations::EndLongWaits(int64_t now_ms, int64_t* left_ms) {
  *left_ms = -1;
  if (!up_ || issued_ <= registered_) return 0;
  if (const int64_t left = since_ms_ + kWaitMsMax - now_ms; left > 0) {
    *left_ms = left;
    return 0;
  }
  registered_ = issued_;
  open_ = std::max(open_, issued_ + 1);
  return issued_;
}

void Registrations::OnUp() {
  up_ = true;
  open_ = registered_ + 1;
}

Ticket Registrations::OnDown() {
  up_ = false;
  registered_ = open_;
  return open_;
}

}  // namespace tideway::cdc
