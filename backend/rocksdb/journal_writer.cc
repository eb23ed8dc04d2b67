// The writer thread of RocksdbJournal.

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "backend/log.h"
#include "backend/rocksdb/journal_shell.h"

namespace tideway::backend {
namespace {

constexpr int64_t kHealLongestUs = 1'000'000;
/// Failures in a row, other than the disk's, after which the journal stops trying: those do not go
/// away by themselves.
constexpr int kStrangeFailuresMax = 5;

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void RocksdbJournal::Run() {
  pthread_setname_np(pthread_self(), "journal");
  std::unique_lock<std::mutex> lock(mu_);
  while (true) {
    if (log_.broken()) {
      Heal(lock);
      if (log_.broken()) break;  // told to stop, and the disk still refuses
      continue;
    }
    const WriterPlan plan = PlanWriter(ViewNow());
    if (!jobs_.empty()) {
      WriteAndSync(lock, /*write=*/true, plan.sync);
      RunJobs(lock);
    } else if (plan.write || plan.sync) {
      WriteAndSync(lock, plan.write, plan.sync);
    } else if (stop_) {
      break;
    } else {
      Sleep(lock, plan.sleep_us);
    }
  }
  if (log_.broken() && log_.durable() < last_.load(std::memory_order_relaxed)) {
    log::Warning("The journal ends without batches {} to {}: {}", log_.durable() + 1,
                 last_.load(std::memory_order_relaxed), stats_.last_error);
  }
  lock.unlock();
  log_.Claim();
  lock.lock();
  stopped_ = true;
  done_cv_.notify_all();
  space_cv_.notify_all();
}

WriterView RocksdbJournal::ViewNow() {
  WriterView view;
  view.now_us = NowUs();
  view.policy = policy_;
  view.pending_bytes = pending_.bytes();
  if (view.pending_bytes > 0 && pending_since_us_ == 0) pending_since_us_ = view.now_us;
  view.pending_since_us = pending_since_us_;
  view.unsynced_bytes = log_.unsynced_bytes();
  view.unsynced_since_us = unsynced_since_us_;
  view.sync_requested = stop_ || sync_target_ > log_.durable();
  view.group_bytes = options_.group_bytes;
  view.unsynced_bytes_max = options_.unsynced_bytes_max;
  return view;
}

void RocksdbJournal::Sleep(std::unique_lock<std::mutex>& lock, int64_t sleep_us) {
  // While batches gather, one more of them is no reason to wake up; a full record is.
  wake_bytes_ = pending_.empty() ? 1 : options_.group_bytes;
  if (sleep_us < 0) {
    writer_cv_.wait(lock);
  } else {
    writer_cv_.wait_for(lock, std::chrono::microseconds(sleep_us));
  }
  wake_bytes_ = std::numeric_limits<size_t>::max();
}

void RocksdbJournal::WriteAndSync(std::unique_lock<std::mutex>& lock, bool write, bool sync) {
  if (write) {
    std::vector<Group> groups = pending_.Take();
    pending_since_us_ = 0;
    const bool wake_appends = waiting_appends_ > 0;
    lock.unlock();
    if (wake_appends) space_cv_.notify_all();
    log_.Take(std::move(groups));
  } else {
    lock.unlock();
  }
  const bool had_unsynced = log_.unsynced_bytes() > 0;
  const int64_t now_us = had_unsynced ? 0 : NowUs();
  Status status = write ? log_.Write(sync) : log_.Sync();
  if (!had_unsynced) unsynced_since_us_ = now_us;
  lock.lock();
  ReportWork(lock, status);
}

void RocksdbJournal::RunJobs(std::unique_lock<std::mutex>& lock) {
  std::deque<std::shared_ptr<Job>> jobs = std::exchange(jobs_, {});
  lock.unlock();
  Status worst = Ok();
  for (const auto& job : jobs) {
    job->result = job->run();
    if (!job->result.ok()) worst = job->result;
  }
  lock.lock();
  for (const auto& job : jobs) job->done = true;
  done_cv_.notify_all();
  ReportWork(lock, worst);
}

/// Publishes what became of durable() and of the disk.
void RocksdbJournal::ReportWork(std::unique_lock<std::mutex>& lock, const Status& status) {
  stats_.syncs = log_.syncs();
  if (log_.broken() && health() == JournalHealth::kHealthy) {
    stats_.last_error = status.ok() ? "unknown" : status.error().detail;
    health_.store(JournalHealth::kFailing, std::memory_order_relaxed);
    space_cv_.notify_all();
    done_cv_.notify_all();
    log::Warning("The journal cannot be written, writes are refused until it can: {}",
                 stats_.last_error);
  }
  const Ticket durable = log_.durable();
  if (durable == durable_.load(std::memory_order_relaxed)) return;
  durable_.store(durable, std::memory_order_release);
  done_cv_.notify_all();
  if (!listener_) return;
  lock.unlock();
  listener_(durable);
  lock.lock();
}

void RocksdbJournal::Heal(std::unique_lock<std::mutex>& lock) {
  int64_t wait_us = std::chrono::microseconds(options_.heal_after).count();
  int strange_failures = 0;
  while (true) {
    if (!stop_) writer_cv_.wait_for(lock, std::chrono::microseconds(wait_us));
    wait_us = std::min(2 * wait_us, kHealLongestUs);
    const bool last_try = stop_;
    log_.Take(pending_.Take());
    pending_since_us_ = 0;
    lock.unlock();
    Status healed = log_.Heal();
    lock.lock();
    if (!healed.ok()) stats_.last_error = healed.error().detail;
    if (healed.ok()) {
      health_.store(JournalHealth::kHealthy, std::memory_order_relaxed);
      log::Notice("The journal can be written again; nothing that was acknowledged is lost");
      ReportWork(lock, healed);
      return;
    }
    if (last_try) return;
    RunJobs(lock);  // each of them fails, as it finds the log broken
    const Errc code = healed.error().code;
    strange_failures = code == Errc::kIo || code == Errc::kBusy ? 0 : strange_failures + 1;
    if (strange_failures == kStrangeFailuresMax) WaitForTheEnd(lock);
  }
}

/// For what trying again cannot mend: all data are in memory and can be read, and that is all.
void RocksdbJournal::WaitForTheEnd(std::unique_lock<std::mutex>& lock) {
  stats_.last_error += ". It is not tried again before a restart";
  log::Warning("The journal cannot go on: {}", stats_.last_error);
  while (!stop_) {
    if (jobs_.empty()) writer_cv_.wait(lock);
    RunJobs(lock);
  }
}

}  // namespace tideway::backend
