#include "tests/support/sql_client.h"

#include <utility>

namespace tideway::testing_support {
namespace {

constexpr int64_t kPatienceMs = 30'000;

backend::SqlEndpoint Endpoint(uint16_t port, const std::string& database) {
  backend::SqlEndpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  endpoint.user = "root";
  endpoint.database = database;
  return endpoint;
}

}  // namespace

SqlClient::SqlClient(uint16_t port, const std::string& database)
    : connection_(port_, Endpoint(port, database)) {
  bool done = false;
  connection_.Connect([&](backend::SqlError error) {
    error_ = std::move(error);
    done = true;
  });
  while (!done) {
    for (const auto& job : port_.WaitAndTake()) job();
  }
}

std::vector<SqlClient::Row> SqlClient::Run(const std::string& sql) {
  std::vector<Row> rows;
  bool done = false;
  connection_.Run(sql, kPatienceMs, [&](backend::SqlReply reply) {
    error_ = std::move(reply.error);
    done = true;
    if (!error_.ok() || reply.results.empty()) return;
    reply.results.back().ForEach([&](std::span<const backend::SqlRows::Value> values) {
      rows.emplace_back(values.begin(), values.end());
    });
  });
  while (!done) {
    for (const auto& job : port_.WaitAndTake()) job();
  }
  return rows;
}

std::string SqlClient::Value(const std::string& sql) {
  const std::vector<Row> rows = Run(sql);
  return rows.size() == 1 && rows[0].size() == 1 ? rows[0][0].value_or("-") : "-";
}

}  // namespace tideway::testing_support
