#include "cdc/node_question.h"

#include <algorithm>

#include "cdc/node_message.pb.h"

namespace tideway::cdc {

bool IsNode(std::string_view node) {
  constexpr size_t kNodeBytesMax = 64;
  return !node.empty() && node.size() <= kNodeBytesMax &&
         std::all_of(node.begin(), node.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

std::string Encode(const NumberedQuestion& question) {
  node::Question message;
  message.set_number(question.number);
  message.set_node(question.node);
  message.set_kind(static_cast<node::Question::Kind>(question.question.kind));
  message.set_pattern(question.question.pattern);
  message.set_all(question.question.all);
  for (const std::string& name : question.question.names) message.add_names(name);
  return message.SerializeAsString();
}

std::vector<std::string> Encode(const NumberedAnswer& answer, size_t bytes_max) {
  std::vector<std::string> messages;
  node::Answer message;
  message.set_number(answer.number);
  message.set_node(answer.node);
  size_t bytes = 0;
  for (const std::string& name : answer.answer.names) {
    if (bytes > 0 && bytes + name.size() > bytes_max) {
      messages.push_back(message.SerializeAsString());
      message.clear_names();
      bytes = 0;
    }
    message.add_names(name);
    bytes += name.size() + 8;
  }
  for (const uint64_t count : answer.answer.counts) message.add_counts(count);
  message.set_last(answer.last);
  messages.push_back(message.SerializeAsString());
  return messages;
}

std::optional<NumberedQuestion> DecodeQuestion(std::string_view bytes) {
  node::Question message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!node::Question::Kind_IsValid(message.kind()) || !IsNode(message.node())) return std::nullopt;
  NumberedQuestion question{message.number(), message.node(), {}};
  question.question.kind = static_cast<NodeQuestion::Kind>(message.kind());
  question.question.pattern = message.pattern();
  question.question.all = message.all();
  question.question.names.assign(message.names().begin(), message.names().end());
  return question;
}

std::optional<NumberedAnswer> DecodeAnswer(std::string_view bytes) {
  node::Answer message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!IsNode(message.node())) return std::nullopt;
  NumberedAnswer answer{message.number(), message.node(), message.last(), {}};
  answer.answer.names.assign(message.names().begin(), message.names().end());
  answer.answer.counts.assign(message.counts().begin(), message.counts().end());
  return answer;
}

}  // namespace tideway::cdc
