// What waits on its way from the I/O threads to the bus's own: messages, and interest that began or
// ended, in order, in one run of memory.
//
// Not thread-safe: the bus guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cdc/bus.h"

namespace tideway::cdc {

class Outbox {
 public:
  enum class Kind : uint8_t { kMessage, kEvent, kControl, kInterestBegan, kInterestEnded };

  /// One entry; views are valid until Clear or the next Push.
  struct Entry {
    Kind kind;
    Topic topic;               // of interest
    std::string_view subject;  // or the name of interest
    std::string_view name;     // that travels beside the subject; empty when it need not
    std::string_view payload;
  };

  void Push(const Entry& entry);

  bool empty() const { return entries_.size() == next_; }
  size_t bytes() const { return bytes_.size() - taken_; }
  /// Takes the oldest entry; the outbox must not be empty.
  Entry Take();
  /// Forgets everything; keeps memory for as much as an ordinary turn needs.
  void Clear();
  void Swap(Outbox& other);

 private:
  struct Header {
    Kind kind;
    Topic topic;
    uint32_t subject_bytes;
    uint32_t name_bytes;
    uint32_t payload_bytes;
  };
  std::vector<Header> entries_;
  std::string bytes_;
  size_t next_ = 0;   // of entries_
  size_t taken_ = 0;  // of bytes_
};

}  // namespace tideway::cdc
