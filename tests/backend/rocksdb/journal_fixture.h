// A journal in a folder of its own, batches that can be recognised, and what recovery must give.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/log.h"
#include "backend/rocksdb/fault_disk.h"
#include "backend/rocksdb/rocksdb_journal.h"
#include "tests/support/temp_folder.h"

namespace tideway::backend {

inline const Clock& SystemClockForTests() {
  static const SystemClock clock;
  return clock;
}

/// The records of batch `ticket`: different for each ticket, of many lengths.
inline std::string RecordsOf(Ticket ticket) {
  std::string records = "batch " + std::to_string(ticket) + ":";
  records.append(ticket * 37 % 900, static_cast<char>('a' + ticket % 26));
  return records;
}

inline CommitTs CommitTsOf(Ticket ticket) { return 1000 + ticket; }

/// Sizes so small that a few hundred batches make several records, log files and tables.
inline RocksdbJournalOptions SmallJournal(const std::string& dir, SyncPolicy policy) {
  RocksdbJournalOptions options;
  options.dir = dir;
  options.sync = policy;
  options.group_bytes = 4 * limits::kKiB;
  options.unsynced_bytes_max = 32 * limits::kKiB;
  options.write_buffer_bytes = 64 * limits::kKiB;
  options.heal_after = std::chrono::milliseconds(1);
  return options;
}

/// What a recovery replayed, or why it did not.
struct Recovered {
  Status status = Ok();
  std::unique_ptr<Journal> journal;
  CommitTs newest = 0;
  std::vector<std::string> replayed;
};

inline Recovered OpenAndRecover(const RocksdbJournalOptions& options) {
  // These tests break disks by the hundred; nobody wants to read of each.
  static const bool quiet = [] {
    return std::getenv("TIDEWAY_TEST_LOG") != nullptr ||
           log::Configure({.level = log::Level::kWarning, .file = "/dev/null"}).ok();
  }();
  EXPECT_TRUE(quiet);
  Recovered recovered;
  Result<std::unique_ptr<Journal>> opened = OpenRocksdbJournal(options, SystemClockForTests());
  if (!opened.ok()) {
    recovered.status = opened.error();
    return recovered;
  }
  recovered.journal = std::move(opened).value();
  const Result<CommitTs> newest = recovered.journal->Recover([&](std::string_view records) {
    recovered.replayed.emplace_back(records);
    return Ok();
  });
  if (newest.ok()) {
    recovered.newest = newest.value();
  } else {
    recovered.status = newest.error();
  }
  return recovered;
}

/// Expects `replayed` to be the chunks and then batches `first` … `last`.
inline void ExpectBatches(const std::vector<std::string>& replayed, Ticket first, Ticket last,
                          const std::vector<std::string>& chunks = {}) {
  ASSERT_EQ(replayed.size(), chunks.size() + (last + 1 - first));
  for (size_t i = 0; i < chunks.size(); ++i) ASSERT_EQ(replayed[i], chunks[i]);
  for (Ticket ticket = first; ticket <= last; ++ticket) {
    ASSERT_EQ(replayed[chunks.size() + ticket - first], RecordsOf(ticket));
  }
}

inline void AppendNext(Journal& journal, int count = 1) {
  for (int i = 0; i < count; ++i) {
    const Ticket ticket = journal.last() + 1;
    ASSERT_EQ(journal.Append(CommitTsOf(ticket), RecordsOf(ticket)), ticket);
  }
}

}  // namespace tideway::backend
