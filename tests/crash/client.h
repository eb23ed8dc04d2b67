// A blocking connection to the server under test, over hiredis.
#pragma once

#include <hiredis/hiredis.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tideway::tests {

// Where a server listens; odd numbered users come by the unix socket.
struct Address {
  int port = 0;
  std::string socket_path;
};

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

// One thread. When the server goes away, Read() returns nothing and open() turns false.
class Client {
 public:
  explicit Client(const Address& address, bool by_socket = false);

  bool open() const { return context_ != nullptr && context_->err == 0; }
  void Append(const std::vector<std::string>& argv);
  Reply Read();
  Reply Call(const std::vector<std::string>& argv) {
    Append(argv);
    return Read();
  }
  // The reply's text; nothing for a null, an error or no reply.
  std::optional<std::string> Text(const std::vector<std::string>& argv);
  std::vector<std::string> List(const std::vector<std::string>& argv);
  void SetTimeout(std::chrono::milliseconds timeout);

 private:
  struct Close {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, Close> context_;
};

inline bool IsError(const Reply& reply) {
  return reply != nullptr && reply->type == REDIS_REPLY_ERROR;
}

}  // namespace tideway::tests
