#include "resp/memory_gauge.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

// jemalloc's calls, null in a binary that is not linked with it (sanitizer builds).
extern "C" {
[[gnu::weak]] int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value,
                          size_t new_size);
[[gnu::weak]] void malloc_stats_print(void (*write)(void*, const char*), void* out,
                                      const char* options);
}

namespace tideway::resp {
namespace {

uint64_t AllocatedBytes() {
  if (mallctl != nullptr) {
    uint64_t epoch = 1;
    size_t size = sizeof epoch;
    mallctl("epoch", &epoch, &size, &epoch, size);
    size_t allocated = 0;
    size = sizeof allocated;
    if (mallctl("stats.allocated", &allocated, &size, nullptr, 0) == 0) return allocated;
  }
  // A sanitizer's allocator tells nothing: the resident set is at least an upper bound.
  const uint64_t in_use = mallinfo2().uordblks;
  return in_use != 0 ? in_use : MemoryGauge::ResidentBytes();
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
  if (mallctl != nullptr) {
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
  std::string report;
  if (malloc_stats_print == nullptr) return "Stats not supported for the current allocator";
  malloc_stats_print([](void* out, const char* text) { *static_cast<std::string*>(out) += text; },
                     &report, nullptr);
  return report;
}

void MemoryGauge::Purge() {
  if (mallctl != nullptr) {
    // 4096 stands for all arenas (MALLCTL_ARENAS_ALL).
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
    return;
  }
  malloc_trim(0);
}

}  // namespace tideway::resp
