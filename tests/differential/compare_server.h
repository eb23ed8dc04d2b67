// Comparisons of replies that describe the server itself.
#pragma once

#include "tests/differential/compare.h"

namespace tideway::tests {

// For kHello, kClientInfo, kCommandInfo, kCommandNames, kConfig and kInfo; false for any other.
bool CompareServerReplies(Equal equal, const Args& argv, const Value& expected,
                          const Value& actual);

}  // namespace tideway::tests
