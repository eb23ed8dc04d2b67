#include "backend/data/keyspace.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tideway::backend {

Keyspace::Keyspace(Options options)
    : options_(options), table_of_(options.databases), db_of_(options.databases) {
  std::iota(table_of_.begin(), table_of_.end(), 0u);
  std::iota(db_of_.begin(), db_of_.end(), 0u);
  for (Stripe& stripe : stripes_) stripe.tables.resize(options.databases);
}

Keyspace::~Keyspace() = default;

size_t Keyspace::UsedBytes() const {
  size_t bytes = 0;
  for (const Stripe& stripe : stripes_) bytes += stripe.bytes.load(std::memory_order_relaxed);
  return bytes;
}

size_t Keyspace::KeyCount(uint32_t db) const {
  size_t keys = 0;
  for (uint32_t i = 0; i < kStripes; ++i)
    if (const KeyTable* const table = FindTable(i, db)) keys += table->size();
  return keys;
}

size_t Keyspace::ExpiringCount(uint32_t db) const {
  size_t keys = 0;
  for (uint32_t i = 0; i < kStripes; ++i)
    if (const KeyTable* const table = FindTable(i, db)) keys += table->expiring();
  return keys;
}

int64_t Keyspace::MeanExpiryMs(uint32_t db) const {
  constexpr size_t kSample = 16;  // of each stripe
  double total = 0;
  double keys = 0;
  for (uint32_t i = 0; i < kStripes; ++i) {
    const KeyTable* const table = FindTable(i, db);
    if (table == nullptr || table->expiring() == 0) continue;
    const ExpiryHeap& heap = table->heap();
    const size_t step = (heap.size() + kSample - 1) / kSample;
    double sum = 0;
    size_t count = 0;
    for (size_t at = 0; at < heap.size(); at += step, ++count) {
      sum += static_cast<double>(heap.item(at).at_ms);
    }
    total += sum / static_cast<double>(count) * static_cast<double>(heap.size());
    keys += static_cast<double>(heap.size());
  }
  // No double reaches beyond what fits but 2^63 itself.
  return keys == 0 ? 0 : static_cast<int64_t>(std::min(total / keys, 9.2e18));
}

KeyTable& Keyspace::MakeTable(uint32_t stripe, uint32_t db) {
  Stripe& home = stripes_[stripe];
  std::unique_ptr<KeyTable>& table = home.tables[table_of_[db]];
  if (table == nullptr) {
    table = std::make_unique<KeyTable>(limits_, reclaimer_, home.bytes);
    home.made.push_back(table_of_[db]);
  }
  return *table;
}

int64_t Keyspace::NextDueMs(uint32_t stripe) {
  Stripe& home = stripes_[stripe];
  int64_t due_ms = kNothingDue;
  for (const uint32_t number : home.made) {
    const ExpiryHeap& heap = home.tables[number]->heap();
    if (heap.size() > 0) due_ms = std::min(due_ms, heap.top().at_ms);
  }
  home.due_hint_ms.store(due_ms, std::memory_order_relaxed);
  return due_ms;
}

size_t Keyspace::Flush(uint32_t db) {
  size_t keys = 0;
  for (Stripe& stripe : stripes_) {
    std::unique_ptr<KeyTable> table = std::move(stripe.tables[table_of_[db]]);
    if (table == nullptr) continue;
    std::erase(stripe.made, table_of_[db]);
    keys += table->size();
    table->Detach();
    if (const size_t count = table->size(); count > 0) reclaimer_.Free(std::move(table), count);
  }
  return keys;
}

void Keyspace::Swap(uint32_t a, uint32_t b) {
  if (a == b) return;
  std::swap(table_of_[a], table_of_[b]);
  std::swap(db_of_[table_of_[a]], db_of_[table_of_[b]]);
  swap_epoch_.fetch_add(1, std::memory_order_release);
}

}  // namespace tideway::backend
