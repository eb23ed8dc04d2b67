// Numbers as the text protocol of MySQL sends them.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "backend/tidb/sql_connection.h"

namespace tideway::backend {

/// `otherwise` for NULL and for what is no number of type T.
template <class T>
T NumberOf(const SqlRows::Value& value, T otherwise) {
  if (!value) return otherwise;
  T number = otherwise;
  std::from_chars(value->data(), value->data() + value->size(), number);
  return number;
}

/// The same of digits alone; 0 … f with base 16.
template <class T>
T NumberOf(std::string_view digits, T otherwise, int base) {
  T number = otherwise;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  return number;
}

/// The number behind `"name":` in a JSON text (@@tidb_last_txn_info); 0 when it is not there.
inline uint64_t JsonNumber(std::string_view json, std::string_view name) {
  const std::string quoted = '"' + std::string(name) + "\":";
  const size_t at = json.find(quoted);
  if (at == std::string_view::npos) return 0;
  uint64_t number = 0;
  std::from_chars(json.data() + at + quoted.size(), json.data() + json.size(), number);
  return number;
}

}  // namespace tideway::backend
