// What the server remembers of each command that ran.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "resp/batch_plan.h"
#include "resp/command/command.h"
#include "resp/protocol/reply_writer.h"

namespace tideway::resp {

class Session;
class Worker;

/// Counts a command for INFO, and notes it in SLOWLOG and LATENCY when it took long. `index` is
/// Resolved::index, `args` are as they may be shown, `start_us` is monotonic, `reply` holds its
/// errors. On the worker's thread.
void AccountCommand(Worker& worker, const Session& session, const Command& row, size_t index,
                    Args args, int64_t start_us, const ReplyWriter& reply);

/// The commands of a remote engine's batch, which was loaded at `start_us` and has ended: notes
/// them in SLOWLOG, which tells the time with the database as one argument more. No-op for others.
void AccountRemoteBatch(Worker& worker, const Session& session,
                        std::span<const BatchPlan::Planned> commands, int64_t start_us);

}  // namespace tideway::resp
