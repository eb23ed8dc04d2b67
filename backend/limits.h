// Every compile-time bound of tideway, with its unit and its reason, and how they relate.
//
// What a user may want to change is a setting (resp/config/settings.h) and only its range or its
// default stands here. Input that passes a bound gets Redis's own error text where there is one,
// else an error that names the value, the limit and the setting.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tideway::limits {

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;
inline constexpr size_t kGiB = 1024 * kMiB;

// ---- The protocol (values of Redis 7.0 unless a reason says otherwise) ----

/// Bytes of one line: an inline command, or the digits of a `*` or `$` header. Beyond it:
/// "too big inline request", "too big mbulk count string", "too big bulk count string".
inline constexpr size_t kProtocolLineBytesMax = 64 * kKiB;
/// Arguments of one command. Memory is never reserved by this announced number, only by what came.
inline constexpr int64_t kArgumentsMax = 2147483647;
/// Arguments and bytes an argument before AUTH, so that a stranger cannot make the server hold
/// memory: "unauthenticated multibulk length", "unauthenticated bulk length".
inline constexpr int64_t kUnauthenticatedArgumentsMax = 10;
inline constexpr int64_t kUnauthenticatedBulkBytesMax = 16 * kKiB;
/// Largest argument and value, default of `proto-max-bulk-len`.
inline constexpr size_t kBulkBytesDefault = 512 * kMiB;
/// Smallest value that `proto-max-bulk-len` and `client-query-buffer-limit` accept: any lower and
/// ordinary commands fail in odd ways.
inline constexpr size_t kBufferSettingBytesMin = 1 * kMiB;
/// Unparsed bytes of one client, default of `client-query-buffer-limit`.
inline constexpr size_t kQueryBufferBytesDefault = 1 * kGiB;
/// One reply, default of `reply-bytes-max`: a reply is built in memory, and KEYS or HGETALL over
/// everything must be an error, not a dead server.
inline constexpr size_t kReplyBytesDefault = 1 * kGiB;

// ---- Data ----

/// Largest value with `backend tidb://`, default of `value-bytes-max`, and what that can be raised
/// to: TiDB takes 100 MB in a transaction (txn-total-size-limit).
inline constexpr int64_t kTidbValueBytesDefault = 64 * kMiB;
inline constexpr int64_t kTidbValueBytesMax = 90 * kMiB;
/// Keys that one command or EXEC may name there (`txn-keys-max`): some seconds of its work.
inline constexpr int64_t kTidbTxnKeysDefault = 100'000;

/// Longest argument and value, whatever `proto-max-bulk-len` says: lengths are held in 32 bits. A
/// data directory may hold values of any length up to it, so it is also what recovery accepts.
inline constexpr size_t kValueBytesMax = 4 * kGiB - 1;
/// `databases`: each costs a table that lives from start to end, so the count is bounded, where
/// Redis accepts 2^31-1 and then dies of it.
inline constexpr int64_t kDatabasesMax = 65536;

// ---- Journal ----

/// Bytes appended and not yet written to the operating system; beyond it Append() waits for the
/// disk. Half a second of the fastest pipelined writers: a stall of one slow fsync is hidden, and
/// memory stays small beside the data.
inline constexpr size_t kJournalPendingBytesMax = 64 * kMiB;
/// Bytes of one journal record, above which the next one is begun. Records cost about 30 us each
/// in RocksDB, bytes cost 1 ns each: from here on a larger record saves nothing.
inline constexpr size_t kJournalGroupBytes = 256 * kKiB;
/// Bytes of one batch in one journal record; a larger batch continues in the next. RocksDB takes
/// 4 GiB at most and holds a record several times while it is written.
inline constexpr size_t kJournalPartBytes = 16 * kMiB;
/// Change records after which a client's pipeline is cut into another batch: what one batch writes
/// is held in memory until it is on disk. EXEC is one batch whatever it writes.
inline constexpr size_t kBatchChangeBytes = 1 * kMiB;
/// Bytes written and not yet synced; beyond it they are synced ahead of time. They are kept in
/// memory so that a failed fsync can be healed by writing them anew.
inline constexpr size_t kJournalUnsyncedBytesMax = 8 * kMiB;
/// RocksDB's write buffer. There are at most two, so twice this is the memory that the journal
/// takes beside what is pending and unsynced; smaller ones cost CPU and fsyncs.
inline constexpr size_t kJournalWriteBufferBytes = 8 * kMiB;
/// Journal bytes of one generation, after which the next one is begun: recovery opens all files of
/// a generation at once (128 of them at this size) and must not run out of descriptors.
inline constexpr size_t kJournalGenerationBytesMax = 1 * kGiB;

// ---- Threads and connections ----

/// `io-threads`, as Redis.
inline constexpr int64_t kIoThreadsMax = 128;
/// `maxclients`: its field is 32 bits wide, as in Redis; the operating system's limit is lower.
inline constexpr int64_t kClientsMax = 4294967295;
/// Addresses in `bind`, as Redis.
inline constexpr size_t kBindAddressesMax = 16;
/// `unixsocket`: what sockaddr_un holds, less its closing zero.
inline constexpr size_t kUnixSocketPathBytesMax = 107;

// ---- Configuration ----

/// One configuration file: nobody writes one by hand beyond this, and a wrong path (a disk image,
/// a device) must not be read to its end.
inline constexpr size_t kConfigFileBytesMax = 16 * kMiB;
/// `include` inside included files: deeper is a circle.
inline constexpr int kConfigIncludeDepthMax = 16;
/// Words of one configuration line: `save` and `client-output-buffer-limit` need the most.
inline constexpr size_t kConfigWordsMax = 1024;

// ---- Logging ----

/// One message; what is longer is cut and says so. Client bytes can be part of a message.
inline constexpr size_t kLogMessageBytesMax = 8 * kKiB;

// ---- How they relate ----

static_assert(kUnauthenticatedBulkBytesMax < kProtocolLineBytesMax,
              "before AUTH nobody may hold more than a line");
static_assert(kUnauthenticatedArgumentsMax < kArgumentsMax);
static_assert(kBulkBytesDefault < kQueryBufferBytesDefault,
              "the largest argument must fit into the query buffer");
static_assert(kBulkBytesDefault < kReplyBytesDefault, "the largest value must fit into a reply");
static_assert(kBulkBytesDefault <= kValueBytesMax);
static_assert(kBufferSettingBytesMin <= kBulkBytesDefault);
static_assert(kJournalGroupBytes < kJournalUnsyncedBytesMax &&
              kJournalUnsyncedBytesMax < kJournalPendingBytesMax);
static_assert(kBufferSettingBytesMin > kProtocolLineBytesMax,
              "a line must fit into the smallest query buffer");

}  // namespace tideway::limits
