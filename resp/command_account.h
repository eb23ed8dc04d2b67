// What the server remembers of each command that ran.
#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace tideway::resp
