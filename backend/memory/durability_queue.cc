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
  return Join(*queues_[batch.thread()], {&batch, ticket, wrote, now_ms, {}}, durable);
}

void DurabilityQueue::Tell(size_t thread, Ticket ticket, Ticket durable,
                           std::function<void()> tell) {
  Waiting waiting{nullptr, ticket, true, 0, std::move(tell)};
  const std::function<void()> now = waiting.tell;
  if (!Join(*queues_[thread], std::move(waiting), durable)) now();
}

// False when there is nothing to wait for.
bool DurabilityQueue::Join(Queue& queue, Waiting waiting, Ticket durable) {
  // Announced before the last look: either OnDurable sees us, or we see its number.
  queue.count.fetch_add(1);
  // Writes that are durable already but not told yet, since their thread was busy, come first.
  const bool overtakes = waiting.wrote && !queue.waiting.empty();
  if (waiting.ticket <= std::max(durable, durable_.load()) && !overtakes) {
    queue.count.fetch_sub(1);
    return false;
  }
  queue.waiting.push_back(std::move(waiting));
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
  std::vector<Waiting> done;
  std::deque<Waiting> still;
  for (Waiting& waiting : queue.waiting) {
    if (waiting.ticket <= durable) {
      done.push_back(std::move(waiting));
    } else {
      still.push_back(std::move(waiting));
    }
  }
  Finish(queue, std::move(still), std::move(done));
}

// Owners may start new batches, which join the queue's end: taken out first, told after.
void DurabilityQueue::Finish(Queue& queue, std::deque<Waiting> still, std::vector<Waiting> done) {
  queue.waiting = std::move(still);
  queue.count.fetch_sub(done.size());
  for (const Waiting& waiting : done) {
    waiting.batch != nullptr ? waiting.batch->owner().OnCommitted(*waiting.batch) : waiting.tell();
  }
}

void DurabilityQueue::GiveUp(int64_t since_ms) {
  for (const auto& queue : queues_) {
    if (queue->count.load() == 0) continue;
    queue->port->Post([this, at = queue.get(), since_ms] { GiveUpHere(*at, since_ms); });
  }
}

void DurabilityQueue::GiveUpHere(Queue& queue, int64_t since_ms) {
  std::vector<Waiting> done;
  std::deque<Waiting> still;
  for (Waiting& waiting : queue.waiting) {
    if (waiting.batch == nullptr || (waiting.wrote && waiting.since_ms > since_ms)) {
      still.push_back(std::move(waiting));
      continue;
    }
    if (waiting.wrote) {
      waiting.batch->outcome = Outcome::kUndecided;
      waiting.batch->detail = "the journal could not be written";
    }
    done.push_back(std::move(waiting));
  }
  Finish(queue, std::move(still), std::move(done));
}

}  // namespace tideway::backend
