// The CheckpointWriter of RocksdbJournal: a file that becomes a generation's checkpoint.
//
// Included only inside backend/rocksdb.
#pragma once

#include <memory>
#include <string_view>

#include "backend/rocksdb/checkpoint_file.h"
#include "backend/rocksdb/journal_shell.h"

namespace tideway::backend {

/// One thread. Does not outlive the journal.
class DbCheckpoint final : public CheckpointWriter {
 public:
  DbCheckpoint(RocksdbJournal& journal, uint64_t generation, Ticket cut,
               std::unique_ptr<CheckpointFile> file)
      : journal_(journal), generation_(generation), cut_(cut), file_(std::move(file)) {}

  ~DbCheckpoint() override {
    file_.reset();
    journal_.EndCheckpoint();
  }

  Status Expect(uint64_t bytes) override { return journal_.CheckRoomFor(bytes); }

  Status Add(std::string_view records) override {
    // On a full disk the checkpoint's room is what the journal needs now.
    if (journal_.health() != JournalHealth::kHealthy) {
      return Error{Errc::kIo, "given up while the journal cannot be written"};
    }
    return file_->Add(records);
  }

  Status Finish(Ticket covers) override {
    CheckpointRecord record;
    record.cut = cut_;
    record.covers = covers;
    return journal_.FinishCheckpoint(generation_, *file_, record);
  }

 private:
  RocksdbJournal& journal_;
  const uint64_t generation_;
  const Ticket cut_;
  std::unique_ptr<CheckpointFile> file_;
};

}  // namespace tideway::backend
