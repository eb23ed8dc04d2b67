// What a node subscribes to on the bus so that its clients hear what they asked for.
//
//   <prefix>.ps.<channel>                  messages of PUBLISH
//   <prefix>.sh.<channel>                  messages of SPUBLISH
//   <prefix>.ev.<db>.<event>.<key>         keyspace events of keys
//   <prefix>.evx.<db>.<event>.<key>        the same for keys that contain "__:"
//
// Channels and keys as tokens, see cdc/subject.h. A pattern becomes its literal head, cut back to
// whole tokens: it may hear too much, never too little, and whoever registered it matches the rest.
// The lane evx exists because `__key*__:x` can match inside a key that contains "__:": such keys
// are rare, so patterns like that hear the whole lane instead of every event.
//
// NATS sends a message once for each subscription that matches. No message matches two
// subscriptions of one name, and whoever hears a message by a subscription tells only those who
// registered under it: so nobody hears it twice.
//
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cdc/bus.h"

namespace tideway::cdc {

/// Where a message stands among subjects.
enum class Space : uint8_t { kChannels, kShardChannels, kEvents };

/// One subscription.
struct Interest {
  std::string subject;  // without the prefix: "ps.room:.>"
  Via via;              // what identifies it to listeners
};

/// The subscriptions for a name that a client listens to. Events only when `events`: without them
/// a node hears nothing that is published as an event.
std::vector<Interest> InterestsOf(Topic topic, std::string_view name, bool events);

/// Appends the subject of a message, without the prefix. True when the name has to travel beside
/// it.
bool AppendMessageSubject(Topic topic, std::string_view channel, std::string& subject);
/// The same for an event of a key.
bool AppendEventSubject(uint32_t db, std::string_view event, std::string_view key,
                        std::string& subject);

}  // namespace tideway::cdc
