// Batches and expiries that wait until the journal has made them durable (`appendfsync always`).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "backend/journal.h"
#include "backend/store.h"

namespace tideway::backend {

/// One queue for each I/O thread, used by that thread alone; the journal's thread only looks
/// whether anybody waits and posts the news.
class DurabilityQueue {
 public:
  /// Before any batch.
  void Attach(std::vector<ThreadPort*> ports);

  /// Lets the batch wait for `ticket`, on its own thread; its owner is told later. False when
  /// there is nothing to wait for: `ticket` is durable (`durable` is the journal's number, read
  /// before the call), and a batch that wrote has nobody before it whose events it would overtake.
  bool Wait(Batch& batch, Ticket ticket, bool wrote, int64_t now_ms, Ticket durable);

  /// Calls `tell` on `thread`, which calls this, once `ticket` is durable, and behind what waits
  /// there already; at once when there is nothing to wait for. GiveUp leaves it waiting.
  void Tell(size_t thread, Ticket ticket, Ticket durable, std::function<void()> tell);

  /// The journal's news; any thread, does not block.
  void OnDurable(Ticket durable);

  /// The disk fails: batches that only read go on, batches that wrote and wait since before
  /// `since_ms` end undecided. Any thread.
  void GiveUp(int64_t since_ms);

 private:
  struct Waiting {
    Batch* batch;  // null: `tell` is called
    Ticket ticket;
    bool wrote;
    int64_t since_ms;
    std::function<void()> tell;
  };
  struct alignas(64) Queue {
    ThreadPort* port = nullptr;
    std::deque<Waiting> waiting;  // its thread only, by ticket order of arrival
    std::atomic<size_t> count{0};
    std::atomic<bool> posted{false};
  };
  bool Join(Queue& queue, Waiting waiting, Ticket durable);
  void Release(Queue& queue);
  void GiveUpHere(Queue& queue, int64_t since_ms);
  void Finish(Queue& queue, std::deque<Waiting> still, std::vector<Waiting> done);

  std::vector<std::unique_ptr<Queue>> queues_;
  std::atomic<Ticket> durable_{0};
};

}  // namespace tideway::backend
