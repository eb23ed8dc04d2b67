#include "resp/batch_plan.h"

#include <algorithm>

#include "backend/data/key_hash.h"
#include "resp/command/arguments.h"
#include "resp/gate.h"
#include "resp/protocol/numbers.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {

using backend::ReadScope;

namespace {
// Commands under one load: enough to share its cost, few enough that others get at the stripes.
constexpr size_t kBatchCommandsMax = 128;
// Bytes of arguments in a batch of a remote engine, which becomes one transaction there.
constexpr size_t kRemoteBatchBytesMax = size_t{1} << 20;

size_t BytesOf(Args args) {
  size_t bytes = 0;
  for (const std::string_view arg : args) bytes += arg.size();
  return bytes;
}

// Keys of a walk (SCAN, HSCAN) that one step is asked for; what is malformed is the handler's to
// tell.
uint64_t ScanCount(Args args, size_t first) {
  uint64_t count = 10;
  for (size_t i = first; i + 1 < args.size(); i += 2) {
    if (!EqualsIgnoreCase(args[i], "count")) continue;
    count = static_cast<uint64_t>(std::max<int64_t>(ParseInt64(args[i + 1]).value_or(1), 1));
  }
  return count;
}

// What every match of a pattern begins with.
std::string_view LiteralHead(std::string_view pattern) {
  return pattern.substr(0, std::min(pattern.find_first_of("*?[\\"), pattern.size()));
}

bool AllDifferent(const std::vector<backend::BlindWrite>& writes) {
  std::vector<std::string_view> keys;
  for (const backend::BlindWrite& write : writes) keys.push_back(write.key);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}
}  // namespace

void BatchPlan::Make(Session& session, Worker& worker, std::span<const Args> requests,
                     backend::Batch& batch, Start start) {
  commands_.clear();
  inspects_ = false;
  paused_ = false;
  any_database_ = false;
  remote_ = worker.server().store.remote();
  databases_ = static_cast<uint32_t>(worker.settings().databases);
  batch.may_write = false;
  bool blind = remote_;
  const CommandTable& table = CommandTable::Get();
  // Who listens hears of each command of its own right before that command's reply.
  const size_t count = session.subscribed() ? 1 : std::min(requests.size(), kBatchCommandsMax);
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    const Resolved command = table.Resolve(requests[i]);
    const Command* const row = command.row;
    if (remote_) bytes += BytesOf(requests[i]);
    if (bytes > kRemoteBatchBytesMax && i > 0) break;
    if (row == nullptr) {
      blind = false;
      commands_.push_back({command, requests[i]});
      continue;
    }
    const bool changes_client = row->session != nullptr || session.in_multi();
    const bool alone = row->Has(kAlone | kInspects) || (remote_ && changes_client);
    if (alone && i > 0) break;
    if (remote_ && start == Start::kFirst && IsPaused(*row, session, worker)) {
      paused_ = i == 0;
      break;
    }
    const bool queued = session.in_multi() && !row->Has(kNotQueued);
    if (ArityFits(*row, requests[i].size()) && !(remote_ && queued)) {
      AddReads(*row, requests[i], session.db, batch);
    }
    batch.may_write = batch.may_write || row->Has(kWrite);
    inspects_ = inspects_ || row->Has(kInspects);
    if (row->Has(kReadsQueue)) AddQueue(session, batch);
    commands_.push_back({command, requests[i]});
    blind = blind && AddBlind(commands_.back(), session, worker, batch);
    // EXEC may hold commands that must end a batch, too.
    if (alone || row->Has(kReadsQueue)) break;
  }
  batch.commands = commands_.size();
  if (!blind || !AllDifferent(batch.blind)) batch.blind.clear();
}

// A blind batch is written before its handlers run, so it must be known now that they will.
bool BatchPlan::AddBlind(const Planned& planned, Session& session, Worker& worker,
                         backend::Batch& batch) {
  const Command& row = *planned.command.row;
  if (row.blind == nullptr || session.in_multi()) return false;
  // `new` is told of a key that was not there, which a plain SET does not look for.
  if ((worker.settings().notify_keyspace_events & backend::kNotifyNew) != 0) return false;
  std::string error;
  if (CheckCommand(planned.command, planned.args, session, worker, error) != Verdict::kRun) {
    return false;
  }
  const size_t first = batch.blind.size();
  if (!row.blind(planned.args, batch.blind)) return false;
  for (size_t i = first; i < batch.blind.size(); ++i) batch.blind[i].db = session.db;
  return true;
}

void BatchPlan::AddRange(const Command& row, Args args, uint32_t db, backend::Batch& batch) {
  backend::RangeRead range{row.range.value_or(backend::RangeRead::Kind::kKeys), db};
  if (range.kind == backend::RangeRead::Kind::kPage) {
    range.cursor = ParseUint64(args[1]).value_or(0);
    range.count = ScanCount(args, 2);
    for (size_t i = 2; i + 1 < args.size(); i += 2) {
      if (EqualsIgnoreCase(args[i], "match")) range.prefix = LiteralHead(args[i + 1]);
    }
  } else if (range.kind == backend::RangeRead::Kind::kKeys && args.size() == 2) {
    range.prefix = LiteralHead(args[1]);
  }
  if (!any_database_ && !row.Has(kAllDbs)) {
    batch.ranges.push_back(range);
    return;
  }
  for (range.db = 0; range.db < databases_; ++range.db) batch.ranges.push_back(range);
}

void BatchPlan::AddRead(std::string_view key, uint32_t db, const Command& row, bool together,
                        backend::Batch& batch) {
  const uint64_t hash = backend::KeyHash(key);
  if (!remote_ || !(any_database_ || row.Has(kOtherDb))) {
    batch.reads.push_back({hash, db, row.reads, key, together});
    return;
  }
  for (uint32_t other = 0; other < databases_; ++other) {
    batch.reads.push_back({hash, other, row.reads, key, together});
  }
}

// The fields or members that the reads from `first` on are about: an engine need not load others.
void BatchPlan::AddMembers(const Command& row, Args args, size_t first, backend::Batch& batch) {
  for (size_t i = first; i < batch.reads.size(); ++i) {
    backend::MemberRead member{static_cast<uint32_t>(i), {}};
    if (row.members == MembersAt::kScan) {
      member.cursor = ParseUint64(args[2]).value_or(0);
      member.count = ScanCount(args, 3);
      batch.members.push_back(member);
      continue;
    }
    const bool last = row.members == MembersAt::kLast;
    const size_t step = row.members == MembersAt::kPairs ? 2 : 1;
    for (size_t at = last ? args.size() - 1 : 2; at < args.size(); at += step) {
      member.member = args[at];
      batch.members.push_back(member);
      if (row.members == MembersAt::kThird) break;
    }
  }
}

void BatchPlan::AddReads(const Command& row, Args args, uint32_t db, backend::Batch& batch) {
  if (row.reads == ReadScope::kNothing) return;
  if (row.session != nullptr) batch.wants_revisions = true;
  if (row.reads == ReadScope::kEverything) {
    if (remote_ && row.session != nullptr) {
      // DEBUG, whose words may be keys.
      for (const std::string_view word : args.subspan(1)) AddRead(word, db, row, false, batch);
      return;
    }
    batch.reads_everything = true;
    if (remote_) AddRange(row, args, db, batch);
    return;
  }
  size_t keys = 0;
  ForEachKey(row, args, [&keys](size_t) { ++keys; });
  const bool together = row.Has(kWrite) && (keys > 1 || row.Has(kOtherDb));
  const size_t first = batch.reads.size();
  // What is written whatever is there is not looked at.
  scratch_.clear();
  const bool blind = remote_ && row.blind != nullptr && row.blind(args, scratch_);
  ForEachKey(row, args, [&](size_t index) { AddRead(args[index], db, row, together, batch); });
  for (size_t i = first; blind && i < batch.reads.size(); ++i) {
    batch.reads[i].scope = ReadScope::kRow;
  }
  if (remote_ && row.members != MembersAt::kNone) AddMembers(row, args, first, batch);
}

// EXEC reads what was queued and what is watched.
void BatchPlan::AddQueue(Session& session, backend::Batch& batch) {
  TransactionState* const transaction = session.transaction_if();
  if (transaction == nullptr) return;
  const size_t first = batch.reads.size();
  batch.may_write = (transaction->queue_flags & kWrite) != 0;
  batch.wants_revisions = !transaction->watched.empty();
  for (const WatchedKey& watched : transaction->watched) {
    batch.reads.push_back(
        {backend::KeyHash(watched.key), watched.db, ReadScope::kRow, watched.key, true});
  }
  any_database_ = (transaction->queue_flags & kSelectsDb) != 0;
  std::vector<std::string_view> views;
  for (const QueuedCommand& queued : transaction->queue) {
    views.assign(queued.args.begin(), queued.args.end());
    AddReads(*queued.row, views, session.db, batch);
    inspects_ = inspects_ || queued.row->Has(kInspects);
  }
  for (size_t i = first; i < batch.reads.size(); ++i) batch.reads[i].together = true;
}

bool BatchPlan::ends_with_exec() const {
  return !commands_.empty() && commands_.back().command.row != nullptr &&
         commands_.back().command.row->Has(kReadsQueue);
}

void BatchPlan::Forget() {
  if (words_.empty()) return;
  commands_.clear();
  words_.clear();
  pinned_.clear();
}

void BatchPlan::Pin() {
  words_.clear();
  pinned_.assign(commands_.size(), {});
  for (size_t i = 0; i < commands_.size(); ++i) {
    for (const std::string_view word : commands_[i].args) {
      pinned_[i].push_back(words_.emplace_back(word));
    }
    commands_[i].args = pinned_[i];
  }
}

}  // namespace tideway::resp
