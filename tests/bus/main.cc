// bus SUBSCRIBE_PORT PUBLISH_PORT: hiredis hears on one node what it publishes on another. The
// scenario of every client of tests/bus/clients/: a channel and a pattern that both match, a
// hundred messages, each heard once by each of the two, in order; the payloads are no text.
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace std::literals;

constexpr int kMessages = 100;
constexpr auto kChannel = "client:hiredis/\xff \0.*>"sv;
constexpr auto kPattern = "client:hiredis*"sv;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

struct Free {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Free>;
using Reply = std::unique_ptr<redisReply, Free>;

Context Connect(const char* port) {
  Context context(redisConnectWithTimeout("127.0.0.1", std::atoi(port), timeval{10, 0}));
  if (!context || context->err != 0) Fail("cannot connect");
  redisSetTimeout(context.get(), timeval{10, 0});
  return context;
}

Reply Call(redisContext* context, const char* word, std::string_view name,
           std::string_view payload = {}) {
  const bool publishes = !payload.empty();
  void* reply = publishes ? redisCommand(context, "%s %b %b", word, name.data(), name.size(),
                                         payload.data(), payload.size())
                          : redisCommand(context, "%s %b", word, name.data(), name.size());
  if (reply == nullptr) Fail(context->errstr);
  Reply owned(static_cast<redisReply*>(reply));
  if (owned->type == REDIS_REPLY_ERROR) Fail(owned->str);
  return owned;
}

std::string Payload(int number) { return "\xfe" + std::to_string(number) + "\r\n"; }

// The messages come as arrays whose last two elements are channel and payload.
void CheckHeard(redisContext* context, std::string_view kind) {
  for (int i = 0; i < kMessages; ++i) {
    void* reply = nullptr;
    if (redisGetReply(context, &reply) != REDIS_OK) Fail("a message is missing");
    const Reply owned(static_cast<redisReply*>(reply));
    const auto text = [&](size_t at) {
      return std::string_view(owned->element[at]->str, owned->element[at]->len);
    };
    if (owned->type != REDIS_REPLY_ARRAY || owned->elements < 3 || text(0) != kind ||
        text(owned->elements - 2) != kChannel || text(owned->elements - 1) != Payload(i))
      Fail("message " + std::to_string(i) + " is another one");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) Fail("usage: bus SUBSCRIBE_PORT PUBLISH_PORT");
  const Context exact = Connect(argv[1]);
  const Context pattern = Connect(argv[1]);
  const Context publisher = Connect(argv[2]);
  Call(exact.get(), "SUBSCRIBE", kChannel);
  Call(pattern.get(), "PSUBSCRIBE", kPattern);
  for (int i = 0; i < kMessages; ++i) Call(publisher.get(), "PUBLISH", kChannel, Payload(i));
  CheckHeard(exact.get(), "message");
  CheckHeard(pattern.get(), "pmessage");
  std::puts("hiredis heard all");
  return 0;
}
