// Any SQL program beside tideway: one connection to TiDB, one statement after another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/tidb/sql_connection.h"
#include "tests/support/manual_port.h"

namespace tideway::testing_support {

/// Blocks. For one thread.
class SqlClient {
 public:
  using Row = std::vector<std::optional<std::string>>;

  explicit SqlClient(uint16_t port, const std::string& database = {});

  /// The rows of the last statement; empty also when one failed, see error().
  std::vector<Row> Run(const std::string& sql);
  /// The one value of a query that has one row of one column; "-" for NULL, or another number of
  /// rows.
  std::string Value(const std::string& sql);
  /// Of the last call; code 0 when it went well.
  const backend::SqlError& error() const { return error_; }

 private:
  test::ManualPort port_;
  backend::SqlConnection connection_;
  backend::SqlError error_;
};

}  // namespace tideway::testing_support
