#include "backend/memory/durability_queue.h"

#include <algorithm>
#include <utility>

namespace tideway::backend {

void DurabilityQueue::Attach(std::vector<ThreadPort*> ports) {
  for (ThreadPort* port : ports) {
    queues_.push_back(std::make_unique<Queue>());
    queues_.back()->port = port;
  }
}

bool DurabilityQueue::Wait(Batch& batch, Ticket ticket, bool wrote, int64_t now_ms,
                           Ticket durable) {
  Queue& queue = *queues_[batch.thread()];
  // Announced before the last look: either OnDurable sees us, or we see its number.
  queue.count.fetch_add(1);
  if (ticket <= std::max(durable, durable_.load())) {
    queue.count.fetch_sub(1);
    return false;
  }
  queue.waiting.push_back({&batch, ticket, wrote, now_ms});
  return true;
}

void DurabilityQueue::OnDurable(Ticket durable) {
  durable_.store(durable);
  for (const auto& queue : queues_) {
    if (queue->count.load() == 0 || queue->posted.exchange(true)) continue;
    queue->port->Post([this, at = queue.get()] {
      at->posted.store(false);
      Release(*at);
    });
  }
}

void DurabilityQueue::Release(Queue& queue) {
  const Ticket durable = durable_.load();
  // Owners may start new batches, which join the queue's end: take out first, tell after.
  std::vector<Batch*> done;
  std::deque<Waiting> still;
  for (const Waiting& waiting : queue.waiting) {
    if (waiting.ticket <= durable) {
      done.push_back(waiting.batch);
    } else {
      still.push_back(waiting);
    }
  }
  queue.waiting.swap(still);
  queue.count.fetch_sub(done.size());
  for (Batch* batch : done) batch->owner().OnCommitted(*batch);
}

void DurabilityQueue::GiveUp(int64_t since_ms) {
  for (const auto& queue : queues_) {
    if (queue->count.load() == 0) continue;
    queue->port->Post([this, at = queue.get(), since_ms] { GiveUpHere(*at, since_ms); });
  }
}

void DurabilityQueue::GiveUpHere(Queue& queue, int64_t since_ms) {
  std::vector<Batch*> done;
  std::deque<Waiting> still;
  for (const Waiting& waiting : queue.waiting) {
    if (waiting.wrote && waiting.since_ms > since_ms) {
      still.push_back(waiting);
      continue;
    }
    if (waiting.wrote) {
      waiting.batch->outcome = Outcome::kUndecided;
      waiting.batch->detail = "the journal could not be written";
    }
    done.push_back(waiting.batch);
  }
  queue.waiting.swap(still);
  queue.count.fetch_sub(done.size());
  for (Batch* batch : done) batch->owner().OnCommitted(*batch);
}

}  // namespace tideway::backend
