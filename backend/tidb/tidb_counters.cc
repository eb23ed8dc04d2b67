#include "backend/tidb/tidb_counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tideway::backend {
namespace {

uint64_t Of(const TidbCounters::Count& count) { return count.load(std::memory_order_relaxed); }

// "3.25", or 0 for nothing.
std::string Ratio(uint64_t part, uint64_t whole) {
  return fmt::format("{:.2f}",
                     whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

void TidbCounters::AddCommit(uint64_t us) {
  Add(transactions);
  Add(commit_us, us);
  uint64_t longest = Of(commit_us_max);
  while (us > longest && !commit_us_max.compare_exchange_weak(longest, us)) {
  }
}

void TidbCounters::Reset() {
  for (Count* count : {&packets,
                       &statements,
                       &commands,
                       &batches,
                       &transactions,
                       &reads,
                       &rows_written,
                       &commit_us,
                       &commit_us_max,
                       &conflicts,
                       &lost_connections,
                       &flush_waits,
                       &unknown_outcomes,
                       &unknown_resolved,
                       &undecided,
                       &timeouts,
                       &refused,
                       &foreign_values,
                       &expired_keys,
                       &hits,
                       &misses}) {
    count->store(0, std::memory_order_relaxed);
  }
}

std::vector<std::pair<std::string_view, std::string>> TidbCounters::Facts() const {
  const auto number = [](const Count& count) { return std::to_string(Of(count)); };
  return {{"backend_round_trips", number(packets)},
          {"backend_statements", number(statements)},
          {"backend_commands", number(commands)},
          {"backend_commands_per_statement", Ratio(Of(commands), Of(statements))},
          {"backend_commands_per_round_trip", Ratio(Of(commands), Of(packets))},
          {"backend_batches", number(batches)},
          {"backend_reads", number(reads)},
          {"backend_transactions", number(transactions)},
          {"backend_batches_per_transaction", Ratio(Of(batches), Of(transactions) + Of(reads))},
          {"backend_rows_written", number(rows_written)},
          {"backend_rows_per_transaction", Ratio(Of(rows_written), Of(transactions))},
          {"backend_commit_usec_mean", Ratio(Of(commit_us), Of(transactions))},
          {"backend_commit_usec_max", number(commit_us_max)},
          {"backend_retries_conflict", number(conflicts)},
          {"backend_retries_lost_connection", number(lost_connections)},
          {"backend_retries_flush", number(flush_waits)},
          {"backend_unknown_outcomes", number(unknown_outcomes)},
          {"backend_unknown_outcomes_resolved", number(unknown_resolved)},
          {"backend_unknown_outcomes_given_up", number(undecided)},
          {"backend_timeouts", number(timeouts)},
          {"backend_errors", number(refused)},
          {"backend_unreadable_values", number(foreign_values)}};
}

}  // namespace tideway::backend
