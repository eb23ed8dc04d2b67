// A name as the value of a NATS header, which is text: two hex digits a byte.
#pragma once

#include <string>
#include <string_view>

namespace tideway::cdc {

std::string EncodeNameHeader(std::string_view name);
/// Empty for text that EncodeNameHeader does not make.
std::string DecodeNameHeader(std::string_view text);

}  // namespace tideway::cdc
