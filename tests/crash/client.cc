#include "tests/crash/client.h"

namespace tideway::tests {

Client::Client(const Address& address, bool by_socket) {
  context_.reset(by_socket ? redisConnectUnix(address.socket_path.c_str())
                           : redisConnect("127.0.0.1", address.port));
  // Longer than anything the server may take; a hanging server must not hang the test.
  if (open()) SetTimeout(std::chrono::seconds(20));
}

void Client::SetTimeout(std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  timeval value{};
  value.tv_sec = seconds.count();
  value.tv_usec = std::chrono::duration_cast<std::chrono::microseconds>(timeout - seconds).count();
  redisSetTimeout(context_.get(), value);
}

void Client::Append(const std::vector<std::string>& argv) {
  if (!open()) return;
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const std::string& arg : argv) {
    words.push_back(arg.data());
    lengths.push_back(arg.size());
  }
  redisAppendCommandArgv(context_.get(), static_cast<int>(argv.size()), words.data(),
                         lengths.data());
}

Reply Client::Read() {
  void* reply = nullptr;
  if (!open() || redisGetReply(context_.get(), &reply) != REDIS_OK) return nullptr;
  return Reply(static_cast<redisReply*>(reply));
}

std::optional<std::string> Client::Text(const std::vector<std::string>& argv) {
  const Reply reply = Call(argv);
  if (reply == nullptr || IsError(reply) || reply->type == REDIS_REPLY_NIL) return std::nullopt;
  if (reply->type == REDIS_REPLY_INTEGER) return std::to_string(reply->integer);
  return std::string(reply->str, reply->len);
}

std::vector<std::string> Client::List(const std::vector<std::string>& argv) {
  const Reply reply = Call(argv);
  std::vector<std::string> out;
  if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY) return out;
  for (std::size_t i = 0; i < reply->elements; ++i) {
    const redisReply* item = reply->element[i];
    out.emplace_back(item->str == nullptr ? "" : std::string(item->str, item->len));
  }
  return out;
}

}  // namespace tideway::tests
