// Random byte streams that are mostly, but not quite, RESP requests.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace tideway::resp {

/// One request whose command name no server knows ("zz" and more), its bytes sometimes damaged.
inline std::string RandomRequest(std::mt19937* random) {
  const auto roll = [random](size_t sides) { return static_cast<size_t>((*random)() % sides); };
  // Bytes that mean something to the parser, and some that do not.
  static constexpr std::string_view kBytes = "*$\r\n\"'\\ x01-\t\v\x80+aN";
  const auto word = [&](size_t max, size_t kinds) {
    std::string bytes;
    for (size_t n = roll(max + 1); n > 0; --n) bytes += kBytes[roll(kinds)];
    return bytes;
  };

  std::string request;
  const size_t args = roll(4);
  if (roll(3) == 0) {
    request = "zz";
    for (size_t i = 0; i < args; ++i) request += " " + word(8, kBytes.size());
    request += roll(2) == 0 ? "\r\n" : "\n";
  } else {
    request = "*" + std::to_string(args + 1) + "\r\n$2\r\nzz\r\n";
    for (size_t i = 0; i < args; ++i) {
      const std::string arg = roll(20) == 0 ? std::string(roll(40'000), 'v')  //
                                            : word(12, kBytes.size());
      request += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
    }
  }
  if (roll(4) == 0) {  // damage
    const size_t at = roll(request.size());
    switch (roll(4)) {
      case 0:
        request.erase(at, 1 + roll(3));
        break;
      case 1:
        request.insert(at, 1, kBytes[roll(kBytes.size())]);
        break;
      case 2:
        request[at] = kBytes[roll(kBytes.size())];
        break;
      default:
        request.insert(at, 1, roll(8) == 0 ? '\0' : '\r');
        break;
    }
  }
  return request;
}

/// Up to 8 such requests, perhaps cut off at the end.
inline std::string RandomStream(std::mt19937* random) {
  std::string stream;
  for (size_t n = 1 + (*random)() % 8; n > 0; --n) stream += RandomRequest(random);
  if ((*random)() % 4 == 0) stream.resize((*random)() % (stream.size() + 1));
  return stream;
}

}  // namespace tideway::resp
