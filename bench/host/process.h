// What a server's process costs, read from the kernel: processor time, memory, instructions.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace tideway::bench {

/// Processor time that a process has used since it started, all its threads (ended ones too) and
/// its ended child processes included. Seconds.
struct CpuUse {
  double total_s = 0;   ///< from the process's CPU clock, nanoseconds fine
  double user_s = 0;    ///< from /proc/<pid>/stat, a clock tick (10 ms) fine
  double kernel_s = 0;  ///< likewise
};

/// Throws BenchError when the process is gone.
CpuUse ReadCpuUse(pid_t pid);

/// Resident memory of the process in bytes: anonymous pages only (`RssAnon`), so that pages of the
/// program file that happen to be touched do not count as memory of keys or connections.
std::int64_t ReadResidentBytes(pid_t pid);

/// Processor time that the whole machine has spent on programs and on the kernel since it started,
/// in seconds: with the time of the servers and of this program taken off, what others disturb.
double ReadMachineBusySeconds();

/// Processor time of this program and of the servers that it has waited for, in seconds.
double ReadOwnBusySeconds();

/// Counts the instructions (user and kernel) that the threads of a process retire. Virtual machines
/// often have no such counter: then `Read` always returns nothing.
class InstructionCounter {
 public:
  /// Attaches to all threads that the process has now and to those that they start later.
  explicit InstructionCounter(pid_t pid);
  ~InstructionCounter();
  InstructionCounter(const InstructionCounter&) = delete;
  InstructionCounter& operator=(const InstructionCounter&) = delete;

  /// Instructions since construction, or nothing where the machine cannot count them.
  [[nodiscard]] std::optional<std::uint64_t> Read() const;

 private:
  std::vector<int> descriptors_;
};

}  // namespace tideway::bench
