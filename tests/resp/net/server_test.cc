// The server as it ships, in this process: its parts joined, behind a unix socket.
#include "resp/net/server.h"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "backend/log.h"
#include "tests/support/temp_folder.h"

namespace tideway::resp {
namespace {

using testing_support::TempFolder;

class ServerTest : public ::testing::Test {
 protected:
  void Start() {
    StartOptions options;
    options.settings.port = 0;
    options.settings.dir = folder_ / "data";
    options.settings.unixsocket = folder_ / "socket";
    options.settings.loglevel = log::Level::kWarning;
    ASSERT_TRUE(log::Configure({.level = log::Level::kWarning, .file = "/dev/null"}).ok());
    auto created = Server::Create(options);
    ASSERT_TRUE(created.ok()) << created.error().detail;
    server_ = std::move(created).value();
    runner_ = std::thread([this] { server_->Run([] {}); });
    client_ = redisConnectUnix(options.settings.unixsocket.c_str());
    ASSERT_EQ(client_->err, 0) << client_->errstr;
  }
  void TearDown() override {
    if (client_ != nullptr) {
      freeReplyObject(redisCommand(client_, "SHUTDOWN NOSAVE"));
      redisFree(client_);
    }
    if (runner_.joinable()) runner_.join();
    server_.reset();
    EXPECT_TRUE(log::Configure({}).ok());
  }
  int64_t Integer(const char* command) {
    auto* reply = static_cast<redisReply*>(redisCommand(client_, command));
    const int64_t value =
        reply != nullptr && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);
    return value;
  }

  TempFolder folder_;
  std::unique_ptr<Server> server_;
  std::thread runner_;
  redisContext* client_ = nullptr;
};

TEST_F(ServerTest, LastsaveMovesWithEachCheckpoint) {
  using std::chrono::milliseconds;
  Start();
  const int64_t started = Integer("LASTSAVE");
  EXPECT_GT(started, 0);
  std::this_thread::sleep_for(milliseconds(1100));  // it counts seconds
  freeReplyObject(redisCommand(client_, "BGSAVE"));
  int64_t saved = started;
  for (int i = 0; i < 500 && saved == started; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    saved = Integer("LASTSAVE");
  }
  EXPECT_GT(saved, started);
  EXPECT_LT(saved, started + 60);
}

}  // namespace
}  // namespace tideway::resp
