#include "resp/memory_gauge.h"

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tideway::resp {
namespace {

// jemalloc's control call, when the binary is linked with it (sanitizer builds are not).
using Mallctl = int (*)(const char*, void*, size_t*, void*, size_t);
Mallctl FindMallctl() {
  static const auto found = reinterpret_cast<Mallctl>(dlsym(RTLD_DEFAULT, "mallctl"));
  return found;
}

uint64_t AllocatedBytes() {
  if (const Mallctl mallctl = FindMallctl()) {
    uint64_t epoch = 1;
    size_t size = sizeof epoch;
    mallctl("epoch", &epoch, &size, &epoch, size);
    size_t allocated = 0;
    size = sizeof allocated;
    if (mallctl("stats.allocated", &allocated, &size, nullptr, 0) == 0) return allocated;
  }
  return mallinfo2().uordblks;
}

}  // namespace

void MemoryGauge::Refresh(uint64_t store_bytes) {
  const uint64_t allocated = AllocatedBytes();
  outside_store_.store(static_cast<int64_t>(allocated) - static_cast<int64_t>(store_bytes),
                       std::memory_order_relaxed);
  if (at_start_.load(std::memory_order_relaxed) == 0) {
    at_start_.store(allocated, std::memory_order_relaxed);
  }
  if (allocated > peak_.load(std::memory_order_relaxed)) {
    peak_.store(allocated, std::memory_order_relaxed);
  }
}

uint64_t MemoryGauge::Used(uint64_t store_bytes) const {
  const int64_t used =
      outside_store_.load(std::memory_order_relaxed) + static_cast<int64_t>(store_bytes);
  return static_cast<uint64_t>(std::max<int64_t>(used, 0));
}

uint64_t MemoryGauge::ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long total = 0;
  unsigned long resident = 0;
  const int fields = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::string MemoryGauge::AllocatorName() {
  if (const Mallctl mallctl = FindMallctl()) {
    const char* version = nullptr;
    size_t size = sizeof version;
    if (mallctl("version", &version, &size, nullptr, 0) == 0) {
      const std::string text = version;
      return "jemalloc-" + text.substr(0, text.find('-'));
    }
  }
  return "libc";
}

std::string MemoryGauge::AllocatorReport() {
  using Print = void (*)(void (*)(void*, const char*), void*, const char*);
  static const auto print = reinterpret_cast<Print>(dlsym(RTLD_DEFAULT, "malloc_stats_print"));
  std::string report;
  if (print == nullptr) return "Stats not supported for the current allocator";
  print([](void* out, const char* text) { *static_cast<std::string*>(out) += text; }, &report,
        nullptr);
  return report;
}

void MemoryGauge::Purge() {
  if (const Mallctl mallctl = FindMallctl()) {
    // 4096 stands for all arenas (MALLCTL_ARENAS_ALL).
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
    return;
  }
  malloc_trim(0);
}

}  // namespace tideway::resp
