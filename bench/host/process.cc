#include "bench/host/process.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "bench/error.h"

namespace tideway::bench {
namespace {

std::string ProcPath(pid_t pid, const char* leaf) {
  return "/proc/" + std::to_string(pid) + "/" + leaf;
}

int OpenInstructionEvent(pid_t thread) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_HARDWARE;
  attr.config = PERF_COUNT_HW_INSTRUCTIONS;
  attr.inherit = 1;
  return static_cast<int>(
      syscall(SYS_perf_event_open, &attr, thread, /*cpu=*/-1, /*group=*/-1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace

CpuUse ReadCpuUse(pid_t pid) {
  clockid_t clock{};
  timespec spent{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) {
    throw BenchError("the server's process has ended");
  }
  std::ifstream stat(ProcPath(pid, "stat"));
  std::string line;
  std::getline(stat, line);
  // The command name (field 2) may hold blanks; the fields after its closing bracket do not.
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double kernel = 0;
  double child_user = 0;
  double child_kernel = 0;
  fields >> user >> kernel >> child_user >> child_kernel;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  CpuUse use;
  use.user_s = (user + child_user) / ticks;
  use.kernel_s = (kernel + child_kernel) / ticks;
  use.total_s = static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9 +
                (child_user + child_kernel) / ticks;
  return use;
}

std::int64_t ReadResidentBytes(pid_t pid) {
  std::ifstream status(ProcPath(pid, "status"));
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("RssAnon:")) return std::strtoll(line.c_str() + 8, nullptr, 10) * 1024;
  }
  throw BenchError("the kernel tells no RssAnon for the server's process");
}

double ReadMachineBusySeconds() {
  std::ifstream stat("/proc/stat");
  std::string label;
  double user = 0;
  double nice = 0;
  double kernel = 0;
  stat >> label >> user >> nice >> kernel;
  return (user + nice + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ReadOwnBusySeconds() {
  const CpuUse use = ReadCpuUse(getpid());
  return use.user_s + use.kernel_s;
}

InstructionCounter::InstructionCounter(pid_t pid) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(ProcPath(pid, "task"), ignored)) {
    const int fd = OpenInstructionEvent(std::atoi(entry.path().filename().c_str()));
    if (fd >= 0) descriptors_.push_back(fd);
  }
}

InstructionCounter::~InstructionCounter() {
  for (const int fd : descriptors_) close(fd);
}

std::optional<std::uint64_t> InstructionCounter::Read() const {
  if (descriptors_.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  for (const int fd : descriptors_) {
    std::uint64_t count = 0;
    if (read(fd, &count, sizeof(count)) == sizeof(count)) sum += count;
  }
  return sum;
}

}  // namespace tideway::bench
