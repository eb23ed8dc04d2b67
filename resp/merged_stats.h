// The counters of all workers as one.
#pragma once

#include "resp/worker.h"

namespace tideway::resp {

/// Sums over every worker. Call it from a row with kInspects.
WorkerStats MergeStats(Worker& self);

}  // namespace tideway::resp
