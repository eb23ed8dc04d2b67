#include "backend/data/reclaimer.h"

#include <utility>

namespace tideway::backend {

Reclaimer::~Reclaimer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reclaimer::Delete(const Garbage& garbage) {
  garbage.free(garbage.object);
  freed_.fetch_add(garbage.count, std::memory_order_relaxed);
  pending_.fetch_sub(garbage.count, std::memory_order_relaxed);
}

void Reclaimer::Add(Garbage garbage) {
  pending_.fetch_add(garbage.count, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kWaitingMax && !stopping_) {
      waiting_.push_back(garbage);
      ++unfinished_;
      if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
      garbage.object = nullptr;
    }
  }
  if (garbage.object != nullptr) {
    Delete(garbage);
  } else {
    changed_.notify_all();
  }
}

void Reclaimer::Drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unfinished_ == 0; });
}

void Reclaimer::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<Garbage> work = std::exchange(waiting_, {});
    lock.unlock();
    for (const Garbage& garbage : work) Delete(garbage);
    lock.lock();
    unfinished_ -= work.size();
    changed_.notify_all();
  }
}

}  // namespace tideway::backend
