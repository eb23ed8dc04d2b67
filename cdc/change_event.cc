#include "cdc/change_event.h"

#include "cdc/change_event.pb.h"

namespace tideway::cdc {
namespace {
constexpr uint32_t kVersion = 1;
}  // namespace

std::string Encode(const ChangeEvent& event) {
  events::v1::ChangeEvent message;
  message.set_version(kVersion);
  message.set_cluster(event.cluster);
  message.set_db(event.db);
  message.set_key(event.key);
  message.set_commit_ts(event.commit_ts);
  message.set_n(event.n);
  message.set_event(event.event);
  message.set_type(static_cast<events::v1::ChangeEvent::Type>(event.type));
  message.set_expire_at_ms(event.expire_at_ms);
  message.set_origin(event.origin);
  if (event.value) message.set_value(*event.value);
  return message.SerializeAsString();
}

std::optional<ChangeEvent> DecodeChangeEvent(std::string_view bytes) {
  events::v1::ChangeEvent message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      message.version() == 0 || message.event().empty()) {
    return std::nullopt;
  }
  ChangeEvent event{
      message.cluster(), message.db(), message.key(),          message.commit_ts(), message.n(),
      message.event(),   {},           message.expire_at_ms(), message.origin(),    {}};
  const bool known = events::v1::ChangeEvent::Type_IsValid(message.type());
  event.type = known ? static_cast<ChangedType>(message.type()) : ChangedType::kUnknown;
  if (message.has_value()) event.value = message.value();
  return event;
}

}  // namespace tideway::cdc
