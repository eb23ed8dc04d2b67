// The one TiDB of a test program, and databases of its own for each test.
#pragma once

#include <string>

#include "tests/support/tidb_server.h"

namespace tideway::testing_support {

/// Started at the first call, ended with the program. Null when there is none: *why says so. Tests
/// that kill or freeze a server start one of their own.
TidbServer* SharedTidb(std::string* why);

/// A name that no test has used: an empty cluster.
std::string FreshDatabase();

}  // namespace tideway::testing_support
