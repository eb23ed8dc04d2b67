// What of a View's events somebody may hear, beside the flags of `notify-keyspace-events`.
#pragma once

#include <cstdint>

namespace tideway::backend {

/// Beside EventClass bits in StoreSettings::event_classes: other nodes have the same data, and
/// clients with flags of their own. Every event of a change is told then; EventNote::channels says
/// what the flags of this node ask for.
inline constexpr uint32_t kNotifyOtherNodes = 1u << 31;

}  // namespace tideway::backend
