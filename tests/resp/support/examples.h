// A valid call of every command, for tests that loop over the command table.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "resp/command/command_table.h"
#include "tests/resp/support/test_server.h"

namespace tideway::test {

/// Words of a valid call of the row, its name first, over the keys of FillExampleKeys(): "str"
/// holds the number 10, "hash" and "set" hold numbers as well, "none" does not exist.
/// Empty when the row has no example yet: the table tests fail then.
Words ExampleOf(const resp::Command& row);

/// Makes the keys that the examples use.
void FillExampleKeys(TestClient& client);

/// Rows that run and answer: all but words of other protocols, which only close the connection.
std::vector<const resp::Command*> AnsweringRows();

/// The call with every key replaced.
Words WithKeys(const resp::Command& row, const Words& call, std::string_view key);

/// The call as RESP, for a server behind a socket.
std::string Encode(const Words& call);

/// True when `reply` is one whole RESP value and nothing behind it, and uses only types of the
/// protocol version.
testing::AssertionResult IsOneReply(std::string_view reply, int version);

}  // namespace tideway::test
