#include "cdc/bus_intake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cdc/subject.h"

namespace tideway::cdc {
namespace {
// An answer's message stays below this whatever the server allows.
constexpr size_t kAnswerBytesMax = 256 * 1024;
}  // namespace

void BusIntake::OnDelivery(const Delivery& delivery, size_t payload_bytes_max) {
  std::string_view tokens = delivery.subject;
  if (!tokens.starts_with(identity_.prefix)) return;
  tokens.remove_prefix(identity_.prefix.size());
  const size_t dot = std::min(tokens.find('.'), tokens.size());
  const std::string_view space = tokens.substr(0, dot);
  tokens.remove_prefix(std::min(dot + 1, tokens.size()));
  if (space == "ps") {
    OnMessage(Topic::kChannel, tokens, delivery);
  } else if (space == "sh") {
    OnMessage(Topic::kShardChannel, tokens, delivery);
  } else if (space == "ev" || space == "evx") {
    OnEvent(delivery);
  } else if (space == "q") {
    OnQuestion(delivery.payload, payload_bytes_max);
  } else if (space == "a") {
    if (auto answer = DecodeAnswer(delivery.payload)) asks_.OnAnswer(std::move(*answer), NowMs());
  } else if (!IsNode(delivery.payload)) {
    BusCounters::Add(counters_.malformed);
  } else if (space == "hi") {
    // Who is new here has not heard of us, either.
    if (asks_.OnHello(std::string(delivery.payload), NowMs())) send_("hi", identity_.node);
  } else if (space == "bye") {
    asks_.OnGoodbye(std::string(delivery.payload));
  }
}

void BusIntake::OnMessage(Topic topic, std::string_view tokens, const Delivery& delivery) {
  const std::optional<std::string> channel =
      IsHashForm(tokens) ? std::string(delivery.name) : NameOf(tokens);
  if (!channel) return BusCounters::Add(counters_.malformed);
  BusCounters::Add(counters_.messages_in);
  BusCounters::Add(counters_.bytes_in, delivery.payload.size());
  listener_->OnMessage(delivery.via, topic, *channel, delivery.payload);
}

void BusIntake::OnEvent(const Delivery& delivery) {
  const auto event = DecodeChangeEvent(delivery.payload);
  if (!event || event->cluster != identity_.cluster) {
    return BusCounters::Add(counters_.malformed);
  }
  BusCounters::Add(counters_.events_in);
  BusCounters::Add(counters_.bytes_in, delivery.payload.size());
  listener_->OnEvent(delivery.via, *event);
}

void BusIntake::OnQuestion(std::string_view bytes, size_t payload_bytes_max) {
  const auto question = DecodeQuestion(bytes);
  if (!question) return BusCounters::Add(counters_.malformed);
  asks_.OnHello(question->node, NowMs());
  const NumberedAnswer answer{question->number, identity_.node, true,
                              listener_->OnQuestion(question->question)};
  for (const std::string& message :
       Encode(answer, std::min(payload_bytes_max / 2, kAnswerBytesMax))) {
    send_("a." + question->node, message);
  }
}

}  // namespace tideway::cdc
