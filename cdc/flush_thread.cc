#include "cdc/flush_thread.h"

#include <chrono>
#include <utility>

namespace tideway::cdc {
namespace {
// After a flush that failed: the connection is being lost, which is noticed elsewhere.
constexpr std::chrono::milliseconds kPause{50};
}  // namespace

void FlushThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

void FlushThread::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FlushThread::OnUp(std::function<bool()> flush) {
  const std::lock_guard lock(mutex_);
  flush_ = std::move(flush);
  wanted_ = done_;
}

void FlushThread::OnDown(const std::function<void()>& end) {
  std::unique_lock lock(mutex_);
  flush_ = nullptr;
  end();
  changed_.wait(lock, [this] { return !running_; });
}

void FlushThread::Want(uint64_t mark) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = mark;
  }
  changed_.notify_all();
}

void FlushThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ends_ || (flush_ != nullptr && wanted_ > done_); });
    if (ends_) return;
    const uint64_t mark = wanted_;
    const std::function<bool()> flush = flush_;
    running_ = true;
    lock.unlock();
    const bool seen = flush();
    lock.lock();
    running_ = false;
    changed_.notify_all();
    if (flush_ == nullptr) continue;  // the mark was of a connection that is gone
    if (seen) {
      done_ = mark;
      answered_();
    } else {
      changed_.wait_for(lock, kPause);
    }
  }
}

}  // namespace tideway::cdc
