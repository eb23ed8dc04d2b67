// A change of a key as it travels; cdc/change_event.proto is its form for every program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backend/clock.h"

namespace tideway::cdc {

/// What a key is after a change.
enum class ChangedType : uint8_t { kUnknown, kNone, kString, kHash, kSet };

/// One event name of one key in one commit.
struct ChangeEvent {
  std::string cluster;
  uint32_t db = 0;
  std::string key;
  backend::CommitTs commit_ts = 0;  // 0: not known
  uint32_t n = 0;                   // among the names of the key in that commit
  std::string event;                // Redis's name of it
  ChangedType type = ChangedType::kUnknown;
  int64_t expire_at_ms = 0;  // Unix; 0: never, or not known
  std::string origin;        // run_id of the node that tells it
  std::optional<std::string> value;

  bool operator==(const ChangeEvent&) const = default;
};

std::string Encode(const ChangeEvent& event);
/// nullopt for bytes that are no event.
std::optional<ChangeEvent> DecodeChangeEvent(std::string_view bytes);

}  // namespace tideway::cdc
