// Keyspace events: the closed set of names that Redis 7 fires for our commands, and their classes.
//
// Handlers always note every event; the `notify-keyspace-events` flags filter at delivery. The
// number of an event stands in the journal, so numbers are never reused: append only.
#pragma once

#include <cstdint>
#include <string_view>

namespace tideway::backend {

enum class Event : uint8_t {
  kNone = 0,
  kSet = 1,
  kSetRange = 2,
  kAppend = 3,
  kIncrBy = 4,
  kIncrByFloat = 5,
  kHSet = 6,
  kHIncrBy = 7,
  kHIncrByFloat = 8,
  kHDel = 9,
  kSAdd = 10,
  kSRem = 11,
  kSPop = 12,
  kSInterStore = 13,
  kSUnionStore = 14,
  kSDiffStore = 15,
  kDel = 16,
  kExpire = 17,
  kPersist = 18,
  kRenameFrom = 19,
  kRenameTo = 20,
  kCopyTo = 21,
  kMoveFrom = 22,
  kMoveTo = 23,
  kRestore = 24,
  kExpired = 25,
  kEvicted = 26,
  kNew = 27,      // class n only
  kKeyMiss = 28,  // class m only
  kEventCount
};

/// The flags of `notify-keyspace-events`. Bits, not characters; see resp/config for the letters.
enum EventClass : uint32_t {
  kNotifyKeyspace = 1u << 0,  // K
  kNotifyKeyevent = 1u << 1,  // E
  kNotifyGeneric = 1u << 2,   // g
  kNotifyString = 1u << 3,    // $
  kNotifyList = 1u << 4,      // l
  kNotifySet = 1u << 5,       // s
  kNotifyHash = 1u << 6,      // h
  kNotifyZset = 1u << 7,      // z
  kNotifyExpired = 1u << 8,   // x
  kNotifyEvicted = 1u << 9,   // e
  kNotifyStream = 1u << 10,   // t
  kNotifyKeyMiss = 1u << 11,  // m (not in A)
  kNotifyModule = 1u << 12,   // d
  kNotifyNew = 1u << 13,      // n (not in A)
  kNotifyAll = kNotifyGeneric | kNotifyString | kNotifyList | kNotifySet | kNotifyHash |
               kNotifyZset | kNotifyExpired | kNotifyEvicted | kNotifyStream | kNotifyModule,
};

/// Redis's name of the event, e.g. "hset". Empty for kNone.
std::string_view EventName(Event event);
/// The one class bit of the event.
EventClass ClassOf(Event event);

}  // namespace tideway::backend
