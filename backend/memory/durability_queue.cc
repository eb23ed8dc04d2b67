#include "backend/memory/durability_queue.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tideway::backend {

void DurabilityQueue::Attach(std::vector<ThreadPort*> ports) {
  const std::lock_guard lock(listening_mutex_);
  for (ThreadPort* port : ports) {
    queues_.push_back(std::make_unique<Queue>());
    queues_.back()->port = port;
  }
  attached_ = true;
}

void DurabilityQueue::Detach() {
  const std::lock_guard lock(listening_mutex_);
  attached_ = false;
}

bool DurabilityQueue::Wait(Batch& batch, Ticket ticket, bool wrote, int64_t now_ms,
                           Ticket durable) {
  Queue& queue = *queues_[batch.thread()];
  // Announced before the last look: either OnDurable sees us, or we see its number.
  queue.waits.fetch_add(1);
  // Writes that are durable already but not told yet, since their thread was busy, come first.
  const bool overtakes = wrote && !queue.waiting.empty();
  if (ticket <= std::max(durable, durable_.load()) && !overtakes) {
    queue.waits.fetch_sub(1);
    queue.ended = std::max(queue.ended, ticket);
    return false;
  }
  queue.waiting.push_back({&batch, ticket, wrote, now_ms});
  return true;
}

void DurabilityQueue::Raise(Ticket durable) {
  Ticket known = durable_.load();
  while (known < durable && !durable_.compare_exchange_weak(known, durable)) {
  }
}

uint64_t DurabilityQueue::Announce(size_t from, const Announcement& announcement, Gate gate,
                                   Ticket ticket, Ticket durable) {
  Raise(durable);
  uint64_t wake = 0;
  for (uint64_t left = announcement.threads; left != 0; left &= left - 1) {
    const auto thread = static_cast<size_t>(std::countr_zero(left));
    Queue& queue = *queues_[thread];
    {
      const std::lock_guard lock(queue.lane_mutex);
      queue.lane.push_back({announcement.tell, ticket, from, gate});
    }
    // As in Wait: counted before the look.
    queue.announced.fetch_add(1);
    const bool waits = gate == Gate::kDurable && ticket > durable_.load();
    if (thread != from && !waits) wake |= uint64_t{1} << thread;
  }
  return wake;
}

void DurabilityQueue::Wake(uint64_t threads) {
  for (; threads != 0; threads &= threads - 1) {
    Post(static_cast<size_t>(std::countr_zero(threads)));
  }
}

void DurabilityQueue::Post(size_t thread) {
  Queue& queue = *queues_[thread];
  if (queue.posted.exchange(true)) return;
  queue.port->Post([this, thread] {
    queues_[thread]->posted.store(false);
    Release(thread);
  });
}

void DurabilityQueue::OnDurable(Ticket durable) {
  const std::lock_guard lock(listening_mutex_);
  Raise(durable);
  if (!attached_) return;
  for (size_t thread = 0; thread < queues_.size(); ++thread) {
    const Queue& queue = *queues_[thread];
    if (queue.waits.load() != 0 || queue.announced.load() != 0) Post(thread);
  }
}

void DurabilityQueue::Release(size_t thread) {
  Queue& queue = *queues_[thread];
  const Ticket durable = durable_.load();
  std::vector<Waiting> done;
  std::deque<Waiting> still;
  for (Waiting& waiting : queue.waiting) {
    if (waiting.ticket <= durable) {
      done.push_back(waiting);
    } else {
      still.push_back(waiting);
    }
  }
  Finish(queue, std::move(still), done);
  Deliver(thread);
}

// Owners may start new batches, which join the queue's end: taken out first, told after.
void DurabilityQueue::Finish(Queue& queue, std::deque<Waiting> still,
                             const std::vector<Waiting>& done) {
  queue.waiting = std::move(still);
  queue.waits.fetch_sub(done.size());
  for (const Waiting& waiting : done) {
    queue.ended = std::max(queue.ended, waiting.ticket);
    waiting.batch->owner().OnCommitted(*waiting.batch);
  }
}

void DurabilityQueue::Deliver(size_t thread) {
  if (queues_[thread]->announced.load() == 0) return;
  for (const auto& tell : TakeDue(thread)) (*tell)(thread);
}

std::vector<std::shared_ptr<const TellFn>> DurabilityQueue::TakeDue(size_t thread) {
  Queue& queue = *queues_[thread];
  std::vector<std::shared_ptr<const TellFn>> due;
  const std::lock_guard lock(queue.lane_mutex);
  const Ticket durable = durable_.load();
  std::vector<Announced> kept;
  bool stopped = false;
  bool passed_one = false;
  bool passed_behind = false;
  for (Announced& item : queue.lane) {
    const bool waits = item.gate == Gate::kDurable && item.ticket > durable;
    // A batch of this thread that is durable ends first: its client reads the reply first.
    stopped = stopped || (item.gate == Gate::kDurable && !waits && item.from == thread &&
                          item.ticket > queue.ended);
    // What waits for its ticket may be passed by what has an older one: that is about other keys.
    // What has none, since the policy changed meanwhile, neither passes nor is passed.
    const bool blocked =
        item.gate == Gate::kBehind ? passed_one : item.gate == Gate::kDurable && passed_behind;
    if (stopped || waits || blocked) {
      passed_one = true;
      passed_behind = passed_behind || item.gate == Gate::kBehind;
      kept.push_back(std::move(item));
    } else {
      due.push_back(std::move(item.tell));
    }
  }
  queue.lane.swap(kept);
  queue.announced.fetch_sub(due.size());
  return due;
}

void DurabilityQueue::GiveUp(int64_t since_ms) {
  for (size_t thread = 0; thread < queues_.size(); ++thread) {
    Queue& queue = *queues_[thread];
    if (queue.waits.load() == 0) continue;
    queue.port->Post([this, thread, since_ms] { GiveUpHere(thread, since_ms); });
  }
}

void DurabilityQueue::GiveUpHere(size_t thread, int64_t since_ms) {
  Queue& queue = *queues_[thread];
  const Ticket durable = durable_.load();
  std::vector<Waiting> done;
  std::deque<Waiting> still;
  for (Waiting& waiting : queue.waiting) {
    const bool decided = waiting.ticket <= durable;
    if (!decided && waiting.wrote && waiting.since_ms > since_ms) {
      still.push_back(waiting);
      continue;
    }
    if (!decided && waiting.wrote) waiting.batch->outcome = Outcome::kUndecided;
    done.push_back(waiting);
  }
  Finish(queue, std::move(still), done);
  Deliver(thread);
}

}  // namespace tideway::backend
