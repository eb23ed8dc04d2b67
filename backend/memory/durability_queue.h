// What an I/O thread is told, in order: that its batches are durable (`appendfsync always`), and
// what commits of all threads announce to its listeners.
//
// Each thread has a lane. A commit puts its announcement into the lanes of the threads that have
// listeners while it still holds its stripes: so announcements about one key stand there in the
// order of its commits, whatever thread they came from, and each thread takes them out by itself.
// Nothing is shared when nobody listens. An announcement waits in the lane until its ticket is
// durable, whatever becomes of the client that made it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "backend/journal.h"
#include "backend/store.h"

namespace tideway::backend {

/// Batches are used by their thread alone; the journal's thread only looks whether anybody waits
/// and posts the news.
class DurabilityQueue {
 public:
  /// Where in a lane an announcement is told.
  enum class Gate : uint8_t {
    kDurable,  // once its ticket is durable
    kBehind,   // once everything before it was told
    kFree,     // at once, behind what can be told
  };
  /// For announcements that no batch waits for.
  static constexpr size_t kNoThread = SIZE_MAX;

  /// Before any batch.
  void Attach(std::vector<ThreadPort*> ports);
  /// Ports are not used from another thread after this.
  void Detach();

  /// Lets the batch wait for `ticket`, on its own thread; its owner is told later. False when
  /// there is nothing to wait for: `ticket` is durable (`durable` is the journal's number, read
  /// before the call), and a batch that wrote has nobody before it.
  bool Wait(Batch& batch, Ticket ticket, bool wrote, int64_t now_ms, Ticket durable);

  /// Puts an announcement of thread `from` into the lanes that it names. Called where its place in
  /// the order is certain: the stripes are held. `durable` is what the journal says. Returns the
  /// other threads that should be woken.
  uint64_t Announce(size_t from, const Announcement& announcement, Gate gate, Ticket ticket = 0,
                    Ticket durable = 0);
  /// Wakes threads; without any lock.
  void Wake(uint64_t threads);
  /// Tells what is due in the lane of `thread`, which calls this. What batches of this thread
  /// announced comes after their ends.
  void Deliver(size_t thread);

  /// The journal's news; any thread, does not block.
  void OnDurable(Ticket durable);

  /// The disk fails: batches that only read go on, batches that wrote and wait since before
  /// `since_ms` end undecided. What they announced stays. Any thread.
  void GiveUp(int64_t since_ms);

 private:
  struct Waiting {
    Batch* batch;
    Ticket ticket;
    bool wrote;
    int64_t since_ms;
  };
  struct Announced {
    std::shared_ptr<const TellFn> tell;
    Ticket ticket;
    size_t from;
    Gate gate;
  };
  struct alignas(64) Queue {
    ThreadPort* port = nullptr;
    std::deque<Waiting> waiting;  // its thread only, by ticket order of arrival
    Ticket ended = 0;             // its thread only: newest ticket of a batch that ended
    std::atomic<size_t> waits{0};
    std::atomic<bool> posted{false};
    std::atomic<size_t> announced{0};
    std::mutex lane_mutex;
    std::vector<Announced> lane;  // guarded by lane_mutex
  };
  void Raise(Ticket durable);
  void Post(size_t thread);
  void Release(size_t thread);
  void GiveUpHere(size_t thread, int64_t since_ms);
  void Finish(Queue& queue, std::deque<Waiting> still, const std::vector<Waiting>& done);
  std::vector<std::shared_ptr<const TellFn>> TakeDue(size_t thread);

  std::vector<std::unique_ptr<Queue>> queues_;
  std::atomic<Ticket> durable_{0};  // never falls
  std::mutex listening_mutex_;      // OnDurable against Attach and Detach
  bool attached_ = false;           // guarded by listening_mutex_
};

}  // namespace tideway::backend
