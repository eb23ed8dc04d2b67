#include "backend/rocksdb/durable_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "backend/limits.h"
#include "backend/log.h"
#include "backend/rocksdb/data_dir.h"
#include "backend/rocksdb/recovery_scan.h"
#include "backend/rocksdb/rocks_status.h"

namespace tideway::backend {
namespace {

/// Written and synced before the database is opened anew: enough that a disk which frees a few
/// blocks does not send the journal around in circles.
constexpr size_t kProbeBytes = 1 * limits::kMiB;

}  // namespace

Result<RecoveredLog> DurableLog::Recover(const std::function<Status(std::string_view)>& apply) {
  RecoveredLog found;
  const auto replay = [&](std::string_view records) -> Status {
    Status applied = apply(records);
    if (applied.ok()) return applied;
    return Error{applied.error().code, fmt::format("cannot read data directory {}: {}", config_.dir,
                                                   applied.error().detail)};
  };
  const Result<std::optional<JournalDb::Published>> published = db_->FindCheckpoint();
  if (!published.ok()) return published.error();
  uint64_t generation = 0;
  if (published.value()) {
    const CheckpointRecord& record = published.value()->record;
    found.checkpoint = record;
    found.newest = record.newest;
    found.last = record.cut;
    generation = published.value()->generation;
    if (Status read = db_->ForEachChunk(*published.value(), replay); !read.ok()) {
      return read.error();
    }
  }

  RecoveryScan scan(found.last + 1);
  Unfinished unfinished;
  Status read = db_->ForEachGroup(generation, [&](const StoredGroup& group) -> Status {
    const RecoveryScan::Action action = scan.Step(group);
    if (action == RecoveryScan::Action::kRefuse) {
      return DataDirDamaged(config_.dir, scan.refusal());
    }
    if (action == RecoveryScan::Action::kIgnore) return Ok();
    found.journal_bytes += group.frames.size();
    return ReplayGroup(group, replay, found.newest, unfinished);
  });
  if (!read.ok()) return read.error();

  // A batch counts as a whole or not at all.
  const Ticket next = unfinished.first != 0 ? unfinished.first : scan.next();
  found.last = next - 1;
  const Result<Ticket> claim = ReadClaim(config_.env, config_.dir);
  if (!claim.ok()) return claim.error();
  const Ticket promised =
      std::max(claim.value(), found.checkpoint ? found.checkpoint->covers : Ticket{0});
  if (found.last < promised) {
    return DataDirDamaged(config_.dir, fmt::format("batches {} to {} are missing, although they "
                                                   "were on disk",
                                                   next, promised));
  }
  if (scan.has_lost_tail() || unfinished.first != 0) {
    log::Warning("The journal's end was not on disk when power was lost: recovered up to batch {}",
                 found.last);
    erase_from_ = next;
  }
  recovered_generation_ = generation;
  claimed_ = claim.value();
  last_ = found.last;
  durable_ = found.last;
  newest_ = found.newest;
  if (broken_) return found;  // until there is room to write
  if (Status ended = EndRecovery(); !ended.ok()) return ended.error();
  return found;
}

/// Makes the directory what recovery found: the next tickets follow it, the rest goes.
Status DurableLog::EndRecovery() {
  if (recovery_ended_) return Ok();
  if (erase_from_ != 0) {
    if (Status erased = db_->EraseFrom(erase_from_); !erased.ok()) return erased;
  }
  if (Status dropped = db_->DropGenerationsBefore(recovered_generation_); !dropped.ok()) {
    return dropped;
  }
  RemoveAbandonedCheckpoints(config_.env, config_.dir);
  db_->PermitDeletions();
  recovery_ended_ = true;
  return Ok();
}

Status DurableLog::ReplayGroup(const StoredGroup& group,
                               const std::function<Status(std::string_view)>& replay,
                               CommitTs& newest, Unfinished& unfinished) {
  bool refused = false;
  Status read = ForEachBatch(group, [&](const StoredBatch& batch) {
    newest = std::max(newest, batch.commit_ts);
    if (batch.continues && unfinished.first == 0) unfinished.first = batch.ticket;
    if (unfinished.first != 0) unfinished.records.append(batch.records);
    if (batch.continues) return Ok();
    Status replayed =
        replay(unfinished.first != 0 ? std::string_view(unfinished.records) : batch.records);
    refused = !replayed.ok();
    unfinished = {};
    return replayed;
  });
  if (!read.ok() && !refused) return DataDirDamaged(config_.dir, read.error().detail);
  return read;
}

void DurableLog::Take(std::vector<Group> groups) {
  for (Group& group : groups) {
    last_ = group.end() - 1;
    newest_ = std::max(newest_, group.newest());
    kept_.push_back({0, std::move(group)});
  }
}

Status DurableLog::EnsureGeneration() {
  if (db_->newest_generation() != 0 && generation_bytes_ < limits::kJournalGenerationBytesMax) {
    return Ok();
  }
  generation_bytes_ = 0;
  return db_->StartGeneration();
}

Status DurableLog::WriteKept(Kept& kept, bool sync) {
  if (kept.generation == 0) {
    if (Status begun = EnsureGeneration(); !begun.ok()) return begun;
    kept.generation = db_->newest_generation();
    generation_bytes_ += kept.group.bytes();
  }
  if (Status status = db_->Write(kept.generation, kept.group, durable_, sync); !status.ok()) {
    return status;
  }
  unsynced_bytes_ += kept.group.bytes();
  return Ok();
}

void DurableLog::ForgetDurable() {
  if (written_ > 0) durable_ = kept_[written_ - 1].group.end() - 1;
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(written_));
  written_ = 0;
  unsynced_bytes_ = 0;
  ++syncs_;
  ClaimNewLogFile();
}

Status DurableLog::Break(Status error) {
  broken_ = true;
  return error;
}

Status DurableLog::Write(bool sync) {
  if (broken_) return Error{Errc::kIo, "the journal is broken"};
  if (written_ == kept_.size()) return sync ? Sync() : Ok();
  while (written_ < kept_.size()) {
    const bool is_last = written_ + 1 == kept_.size();
    if (Status status = WriteKept(kept_[written_], sync && is_last); !status.ok()) {
      return Break(std::move(status));
    }
    ++written_;
  }
  if (sync) ForgetDurable();
  return Ok();
}

/// Once for each of RocksDB's log files, so that the loss of the newest one is noticed.
void DurableLog::ClaimNewLogFile() {
  const uint64_t created = db_->log_files_created();
  if (broken_ || created == claimed_log_files_) return;
  claimed_log_files_ = created;
  Claim();
}

Status DurableLog::Sync() {
  if (broken_) return Error{Errc::kIo, "the journal is broken"};
  if (written_ == 0) return Ok();
  if (Status status = db_->Sync(); !status.ok()) return Break(std::move(status));
  ForgetDurable();
  return Ok();
}

/// Opening the database writes what its log files hold once more, and then come the kept groups.
/// With less room than that it would fail half-way.
Status DurableLog::ProveDisk() {
  uint64_t needed = kProbeBytes + LogFileBytes(config_.env, config_.dir);
  for (const Kept& kept : kept_) needed += kept.group.bytes();
  uint64_t free_bytes = 0;
  if (config_.env->GetFreeSpace(config_.dir, &free_bytes).ok() && free_bytes < needed) {
    return Error{Errc::kIo, fmt::format("the disk is full: {} has {} bytes free, {} are needed",
                                        config_.dir, free_bytes, needed)};
  }
  const std::string path = config_.dir + "/tideway.probe";
  const rocksdb::Status written = rocksdb::WriteStringToFile(
      config_.env, std::string(kProbeBytes, '\0'), path, /*should_sync=*/true);
  config_.env->DeleteFile(path).PermitUncheckedError();
  return ToStatus("the disk does not take writes yet", written);
}

Status DurableLog::Heal() {
  if (Status proven = ProveDisk(); !proven.ok()) return proven;
  db_.reset();
  Result<std::unique_ptr<JournalDb>> opened = JournalDb::Open(config_);
  if (!opened.ok()) return opened.error();
  db_ = std::move(opened).value();
  claimed_log_files_ = 0;
  // What it found agrees with itself and is on disk anew, and what it could have missed is kept
  // here. Tries that failed before have left files, and their room may be needed.
  if (recovery_ended_) db_->PermitDeletions();
  if (Status ended = EndRecovery(); !ended.ok()) return ended;
  written_ = 0;
  unsynced_bytes_ = 0;
  for (Kept& kept : kept_) {
    if (!db_->HasGeneration(kept.generation)) kept.generation = 0;
    if (Status status = WriteKept(kept, false); !status.ok()) return status;
    ++written_;
  }
  if (Status synced = db_->Sync(); !synced.ok()) return synced;
  ForgetDurable();
  broken_ = false;
  return Ok();
}

void DurableLog::Claim() {
  if (broken_ || claimed_ >= durable_) return;
  if (Status written = WriteClaim(config_.env, config_.dir, durable_); !written.ok()) {
    log::Warning("{}", written.error().detail);  // nothing is lost by it but a check
    return;
  }
  claimed_ = durable_;
}

Status DurableLog::BeginGeneration() {
  if (broken_) return Error{Errc::kIo, "the journal is broken"};
  // One that an abandoned checkpoint began serves as well: recovery passes over what stands in it
  // before the cut. So checkpoints that fail again and again leave no trail of generations.
  if (unpublished_ != 0 && unpublished_ == db_->newest_generation()) return Ok();
  if (Status begun = db_->StartGeneration(); !begun.ok()) return Break(std::move(begun));
  generation_bytes_ = 0;
  unpublished_ = db_->newest_generation();
  return Ok();
}

Status DurableLog::Publish(uint64_t generation, const std::string& path) {
  if (broken_) return Error{Errc::kIo, "the journal is broken"};
  if (Status taken = db_->Publish(generation, path); !taken.ok()) return Break(std::move(taken));
  unpublished_ = 0;
  if (Status dropped = db_->DropGenerationsBefore(generation); !dropped.ok()) {
    return Break(std::move(dropped));
  }
  Claim();
  return Ok();
}

}  // namespace tideway::backend
