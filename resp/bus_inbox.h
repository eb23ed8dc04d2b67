// Messages of other nodes on their way from the bus's thread to one I/O thread, in order and in one
// run of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "cdc/bus.h"
#include "resp/subscriptions.h"

namespace tideway::resp {

struct BusMessage {
  cdc::Via via;
  ChannelKind kind;
  std::string_view channel;
  std::string_view payload;
};

/// Push from any thread; Take and what it fills belong to the I/O thread.
class BusInbox {
 public:
  /// Bytes that wait for an I/O thread that is busy; what comes when they are more is dropped.
  static constexpr size_t kBytesMax = size_t{64} << 20;

  enum class Pushed : uint8_t {
    kFirst,    // the thread must be told that there is something
    kBehind,   // it has been told
    kDropped,  // too much waits
  };
  Pushed Push(const BusMessage& message);

  /// Up to `max` of the oldest messages to fn; true when more wait.
  template <class Fn>
  bool Take(size_t max, Fn&& fn) {
    for (size_t i = 0; i < max; ++i) {
      if (next_ == taken_.headers.size() && !Refill()) return false;
      fn(Next());
    }
    return true;
  }

 private:
  struct Header {
    cdc::Via via;
    uint32_t channel_bytes;
    uint32_t payload_bytes;
    ChannelKind kind;
  };
  struct Run {
    std::vector<Header> headers;
    std::string bytes;
  };
  /// False when nothing waits: the next Push is the first again.
  bool Refill();
  BusMessage Next();

  std::mutex mutex_;
  Run waiting_;        // guarded by mutex_
  bool told_ = false;  // guarded by mutex_
  Run taken_;
  size_t next_ = 0;   // of taken_
  size_t begin_ = 0;  // of its bytes
};

}  // namespace tideway::resp
