// Where compact forms of values give way to tables: the settings that OBJECT ENCODING shows.
#pragma once

#include <atomic>
#include <cstddef>

namespace tideway::backend {

/// Set by CONFIG SET at any time from any thread; each write command reads them afresh. A value
/// that has converted never converts back.
struct EncodingLimits {
  std::atomic<size_t> hash_max_listpack_entries{512};  // fields
  std::atomic<size_t> hash_max_listpack_value{64};     // bytes of the longest field or value
  std::atomic<size_t> set_max_intset_entries{512};     // members
};

}  // namespace tideway::backend
