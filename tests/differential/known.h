// The one list of differences from redis-server 7.0.15 that are meant, each with its reason.
#pragma once

#include "tests/differential/step.h"
#include "tests/harness/resp_value.h"

namespace tideway::tests {

// From now on also those of a server with `backend tidb://`.
void AcceptTidbDifferences();
bool DataInTidb();

bool IsKnownDifference(const Args& argv, const Value& expected, const Value& actual);

// One line for each entry: command, reason.
std::string KnownDifferences();

}  // namespace tideway::tests
