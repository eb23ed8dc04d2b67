#include "backend/data/stripe_mutex.h"

#ifndef NDEBUG
#include <cstdio>
#include <cstdlib>
#endif

namespace tideway::backend {
namespace {

constexpr int kSpins = 100;  // a stripe is mostly held for less than it costs to sleep

}  // namespace

// "Futexes are tricky" (Drepper, 2011), the second mutex: kAwaited says that somebody may sleep.
void StripeMutex::LockSlowly() {
  CheckNotHeldHere();
  for (int spin = 0; spin < kSpins; ++spin) {
    if (state_.load(std::memory_order_relaxed) == kFree && try_lock()) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree)
    state_.wait(kAwaited, std::memory_order_relaxed);
  NoteHolder(true);
}

#ifndef NDEBUG
void StripeMutex::CheckNotHeldHere() const {
  if (holder_.load(std::memory_order_relaxed) != std::this_thread::get_id()) return;
  std::fputs("StripeMutex: locked again by its holder\n", stderr);
  std::abort();
}
#endif

}  // namespace tideway::backend
