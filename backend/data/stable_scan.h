// A walk over a hash or set in steps that any process can go on with.
//
// The tables' own cursors follow from this process's hash seed and the tables' sizes. Engines that
// many nodes share show handlers what they loaded, here or elsewhere: their cursors are places in
// the order of a hash that is the same for ever.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "backend/data/function_ref.h"

namespace tideway::backend {

/// 128 bits of a field or member, the same in every process and for ever: XXH3, big-endian.
using MemberHash = std::array<char, 16>;
MemberHash HashMember(std::string_view member);

/// Where a member stands in the walk: the leading 63 bits of its hash, as clients hold cursors in
/// signed numbers, too.
uint64_t ScanPosition(const MemberHash& hash);
/// The smallest hash at a position.
MemberHash FirstHashAt(uint64_t position);

/// One step. Give it all members that are there from `cursor` on, in any order, or the first of
/// them with at least one more than `count`.
class StableScan {
 public:
  StableScan(uint64_t cursor, size_t count) : cursor_(cursor), count_(count) {}

  /// The views must live until Tell().
  void Add(std::string_view member, std::string_view value = {});
  /// Calls fn for the next `count` members. Returns the cursor of the next step, 0 at the end. Once
  /// only.
  uint64_t Tell(FunctionRef<void(std::string_view member, std::string_view value)> fn);

 private:
  struct Place {
    uint64_t position;
    std::string_view member;
    std::string_view value;
  };

  uint64_t cursor_;
  size_t count_;
  std::vector<Place> places_;
};

}  // namespace tideway::backend
