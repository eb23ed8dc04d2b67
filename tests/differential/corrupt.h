// A deliberately wrong layer over the server under test, so that the tester can be tested.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/step.h"

namespace tideway::tests {

// Spoils about one in a thousand of what the server under test says or is told. What is spoilt
// depends on the bytes alone, so a replay meets the same error again.
class Corrupter {
 public:
  enum class Fault {
    kNumber,     // an integer reply is one too high
    kText,       // a bulk reply has its last byte changed
    kErrorText,  // an error's text
    kType,       // null becomes an empty string, a map an array …
    kOrder,      // two elements of an array are swapped
    kLostEvent,
    kDoubleEvent,
    kSwappedEvents,
    kLostPush,
    kWrongWrite,  // another value is stored; replies and events look right
  };
  static const std::vector<std::pair<Fault, std::string_view>>& Faults();

  explicit Corrupter(Fault fault, std::uint64_t salt) : fault_(fault), salt_(salt) {}

  std::string Reply(const Args& argv, std::string frame);
  void Events(std::vector<std::string>* events);
  void Pushes(std::vector<std::string>* pushes);
  // What to send in place of `argv`.
  Args Request(const Args& argv);

  std::uint64_t spoilt() const { return spoilt_; }

 private:
  bool Chosen(std::string_view bytes);

  Fault fault_;
  std::uint64_t salt_;
  std::uint64_t spoilt_ = 0;
};

}  // namespace tideway::tests
