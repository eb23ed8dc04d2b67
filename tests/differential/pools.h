// The small pools that arguments are drawn from, so that commands meet on the same keys.
#pragma once

#include <string>
#include <string_view>

#include "tests/differential/step.h"
#include "tests/harness/random.h"

namespace tideway::tests {

class Pools {
 public:
  explicit Pools(Random* random) : random_(*random) {}

  Random& random() { return random_; }

  // A key that mostly holds the type: 's' string, 'h' hash, 't' set.
  std::string Key(char type);
  std::string AnyKey();
  std::string Field();
  std::string Member();
  std::string Value();
  std::string Integer();       // mostly a valid 64-bit number
  std::string SmallInteger();  // for counts and offsets
  std::string PageSize();      // mostly so large that an iteration is one page
  std::string Float();
  std::string Glob();
  std::string Channel();
  std::string ChannelGlob();
  std::string Database();  // mostly 0…3
  std::string Garbage();   // no positive small number is among it: it may become a TTL

  // Times to live that no run lives to see the end of, that are over at once, or that are invalid.
  std::string Seconds();
  std::string Milliseconds();
  // Points in time, far ahead, long past, or invalid.
  std::string UnixSeconds();
  std::string UnixMilliseconds();
  // As above, but never in the past: for commands that store a key which is then already due.
  std::string FutureSeconds();
  std::string FutureMilliseconds();

  // Appends between `low` and `high` results of `make`.
  template <typename Make>
  void Some(Args* argv, std::size_t low, std::size_t high, Make make) {
    const std::size_t count = low + random_.Below(high - low + 1);
    for (std::size_t i = 0; i < count; ++i) argv->push_back(make());
  }

  // In random case: commands and options are the same in any.
  std::string Word(std::string_view word);

 private:
  Random& random_;
};

}  // namespace tideway::tests
