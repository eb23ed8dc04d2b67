// The embedded engine: the whole data set in memory, journalled through the Journal seam.
//
// A batch locks the stripes of the keys it reads, in ascending order; its handlers work in place;
// commit takes the journal ticket while the stripes are still held, so the journal's order is an
// order in which batches saw each other, and every prefix of it is a state that clients may have
// seen. Under `appendfsync always` a batch ends when the newest ticket of the stripes it touched is
// durable: nobody sees what a crash could take back. While the disk fails, reads do not wait (they
// go on, as -MISCONF promises) and batches that wrote before it showed end undecided.
#pragma once

#include <memory>

#include "backend/clock.h"
#include "backend/journal.h"
#include "backend/store.h"

namespace tideway::backend {

struct EmbeddedStoreOptions {
  uint32_t databases = 16;
  bool journalled = true;
  StoreSettings settings;
};

/// Loads what the journal holds. The clock must outlive the store. Errors as Journal::Recover.
Result<std::unique_ptr<Store>> OpenEmbeddedStore(const EmbeddedStoreOptions& options,
                                                 const Clock& clock,
                                                 std::unique_ptr<Journal> journal);

}  // namespace tideway::backend
