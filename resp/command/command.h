// A command is one row of its family's table. Lookup, arity errors, COMMAND INFO/DOCS/GETKEYS, the
// gate's decisions, metric labels and the README's table all derive from the row: to add a command,
// write its handler and its row in resp/commands/<family>.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backend/store.h"
#include "resp/protocol/reply_writer.h"

namespace tideway::resp {

/// Arguments of one command; args[0] is its name as sent. Views into the input buffer.
using Args = std::span<const std::string_view>;

struct Call;

/// A command over data: a plain function of the view and the arguments. It has no socket, no clock
/// and no engine in sight, and may be run again when its batch conflicts.
using DataHandler = void (*)(backend::View& view, Args args, ReplyWriter& reply);
/// A command over the client or the server.
using SessionHandler = void (*)(Call& call);

/// What the row says about the command. The first group has Redis's meaning and words.
enum CommandFlag : uint64_t {
  kWrite = 1ull << 0,
  kReadonly = 1ull << 1,
  kDenyOom = 1ull << 2,
  kAdmin = 1ull << 3,
  kPubsub = 1ull << 4,
  kNoscript = 1ull << 5,
  kBlocking = 1ull << 6,
  kLoading = 1ull << 7,
  kStale = 1ull << 8,
  kSkipMonitor = 1ull << 9,
  kSkipSlowlog = 1ull << 10,
  kAsking = 1ull << 11,
  kFast = 1ull << 12,
  kNoAuth = 1ull << 13,
  kMayReplicate = 1ull << 14,
  kNoMulti = 1ull << 15,
  kAllowBusy = 1ull << 16,
  kMovableKeys = 1ull << 17,
  kNoAsyncLoading = 1ull << 18,
  kNoMandatoryKeys = 1ull << 19,
  // Ours: what the gate and the executor need to know.
  kAlone = 1ull << 32,      // ends the batch before it and runs as a batch of its own
  kNotQueued = 1ull << 33,  // runs at once inside MULTI (EXEC, DISCARD, MULTI, WATCH, QUIT, RESET)
  kInSubscribed = 1ull << 34,  // allowed while a RESP2 client is subscribed
  kReadsQueue = 1ull << 35,    // reads what the queued commands and WATCH read (EXEC)
  kRefusesHttp = 1ull << 36,   // an HTTP word: the connection is closed (POST, Host:)
  kPushes = 1ull << 38,        // answers with pushes, which CLIENT REPLY OFF lets through
  kSelectsDb = 1ull << 39,     // what comes behind it runs in another database (SELECT)
  kAllDbs = 1ull << 41,        // in every database (FLUSHALL)
  kOtherDb = 1ull << 40,       // touches its keys in another database, too (COPY, MOVE)
  kInspects = 1ull << 37,      // looks into other workers; alone, with every other worker at rest
};

/// ACL categories, as COMMAND INFO tells them.
enum AclCategory : uint32_t {
  kAclKeyspace = 1u << 0,
  kAclRead = 1u << 1,
  kAclWrite = 1u << 2,
  kAclSet = 1u << 3,
  kAclSortedset = 1u << 4,
  kAclList = 1u << 5,
  kAclHash = 1u << 6,
  kAclString = 1u << 7,
  kAclBitmap = 1u << 8,
  kAclHyperloglog = 1u << 9,
  kAclGeo = 1u << 10,
  kAclStream = 1u << 11,
  kAclPubsub = 1u << 12,
  kAclAdmin = 1u << 13,
  kAclFast = 1u << 14,
  kAclSlow = 1u << 15,
  kAclBlocking = 1u << 16,
  kAclDangerous = 1u << 17,
  kAclConnection = 1u << 18,
  kAclTransaction = 1u << 19,
  kAclScripting = 1u << 20,
};

/// How one group of keys stands in the arguments, with Redis 7's key-spec flags.
struct KeySpec {
  enum Access : uint8_t { kNone, kRO, kRW, kOW, kRM };
  enum class Find : uint8_t { kRange, kKeynum };
  Access access = kNone;
  uint8_t first = 0;   // index of the first key (kRange) or of the number of keys (kKeynum)
  int8_t last = 0;     // kRange: relative to first; negative counts from the end, as in Redis
  uint8_t step = 1;    // kRange
  uint16_t words = 0;  // KeyWord bits told by COMMAND INFO
  Find find = Find::kRange;
};

/// Key-spec flag words of COMMAND INFO beside the access.
enum KeyWord : uint16_t {
  kKeyAccess = 1u << 0,
  kKeyUpdate = 1u << 1,
  kKeyInsert = 1u << 2,
  kKeyDelete = 1u << 3,
  kKeyVariableFlags = 1u << 4,
  kKeyNotKey = 1u << 5,
  kKeyIncomplete = 1u << 6,
};

/// Keys from args[first] to `first + last` (or, negative, from the end), every `step` arguments.
constexpr KeySpec RangeKeys(KeySpec::Access access, int words, uint8_t first, int8_t last,
                            uint8_t step) {
  return {access, first, last, step, static_cast<uint16_t>(words), KeySpec::Find::kRange};
}
/// As many keys as args[count_at] says, right behind it.
constexpr KeySpec CountedKeys(KeySpec::Access access, int words, uint8_t count_at) {
  return {access, count_at, 0, 1, static_cast<uint16_t>(words), KeySpec::Find::kKeynum};
}

/// Which arguments of a command with ReadScope::kMembers name fields or members of its keys.
enum class MembersAt : uint8_t {
  kNone,
  kThird,  // args[2]
  kLast,
  kRest,   // from args[2] on
  kPairs,  // args[2], args[4] …: each has a value behind it
  kScan,   // none by name: args[2] is the cursor of a walk, COUNT stands behind it
};

/// Appends the writes of a call to `writes`, whose db the caller fills in. May leave some there
/// when it returns false. Only for calls that cannot fail: of what is wrong, the handler tells.
using BlindWriter = bool (*)(Args args, std::vector<backend::BlindWrite>& writes);

/// One row. Aggregate: written with designated initialisers, in the order of the members.
struct Command {
  std::string_view name;  // lower case; a subcommand's own word ("setname")
  int arity = 0;          // Redis's: negative means "at least"
  uint64_t flags = 0;     // CommandFlag bits
  uint32_t acl = 0;       // AclCategory bits; @read/@write/@fast/@slow/… derive from flags
  KeySpec keys = {};      // where its keys stand
  KeySpec keys2 = {};     // a second group (SMOVE, COPY, *STORE); access kNone = none
  backend::ReadScope reads = backend::ReadScope::kNothing;
  MembersAt members = MembersAt::kNone;
  DataHandler data = nullptr;  // exactly one of data and session is set, or subcommands is
  SessionHandler session = nullptr;
  /// What of the key space it looks at, when it reads everything.
  std::optional<backend::RangeRead::Kind> range = {};
  /// Says what it writes whatever it finds; false when that depends on what is there.
  BlindWriter blind = nullptr;
  std::string_view summary = {};
  std::string_view since = {};
  std::string_view group = {};  // Redis's group word: "string", "hash", "generic" …
  std::string_view complexity = {};
  std::span<const Command> subcommands = {};
  std::string_view container = {};   // for a subcommand: the name of its parent
  std::string_view tips = {};        // COMMAND INFO tips, comma separated
  std::string_view deprecated = {};  // "since|replaced by" when deprecated

  bool Has(uint64_t flag) const { return (flags & flag) != 0; }
};

/// Counters of one row on one I/O thread, for INFO commandstats/latencystats.
struct CommandStats {
  uint64_t calls = 0;
  uint64_t microseconds = 0;    // time inside the handler
  uint64_t rejected_calls = 0;  // refused by the gate
  uint64_t failed_calls = 0;    // answered with an error by the handler
};

/// The families, in the order of README's table. Each is defined in resp/commands/<family>.cc.
std::span<const Command> StringCommands();
std::span<const Command> HashCommands();
std::span<const Command> SetCommands();
std::span<const Command> KeyCommands();
std::span<const Command> ExpiryCommands();
std::span<const Command> DatabaseCommands();
std::span<const Command> DumpCommands();
std::span<const Command> PubsubCommands();
std::span<const Command> TransactionCommands();
std::span<const Command> ConnectionCommands();
std::span<const Command> ClientCommands();
std::span<const Command> CommandCommands();
std::span<const Command> ServerCommands();
std::span<const Command> ConfigCommands();
std::span<const Command> DiagnosticsCommands();
std::span<const Command> DebugCommands();
std::span<const Command> ClusterCommands();

}  // namespace tideway::resp
