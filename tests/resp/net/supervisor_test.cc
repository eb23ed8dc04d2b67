#include "resp/net/supervisor.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/support/temp_folder.h"

namespace tideway::resp {
namespace {

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override { Forget(); }
  void TearDown() override { Forget(); }
  static void Forget() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("UPSTART_JOB");
  }
};

TEST_F(SupervisorTest, IsOnlyThereWhenTheEnvironmentSaysSo) {
  EXPECT_EQ(DetectSupervisor(Supervised::kAuto), Supervised::kNo);
  EXPECT_EQ(DetectSupervisor(Supervised::kSystemd), Supervised::kNo);
  setenv("UPSTART_JOB", "tideway", 1);
  EXPECT_EQ(DetectSupervisor(Supervised::kAuto), Supervised::kUpstart);
  setenv("NOTIFY_SOCKET", "/run/notify", 1);
  EXPECT_EQ(DetectSupervisor(Supervised::kAuto), Supervised::kSystemd);
  EXPECT_EQ(DetectSupervisor(Supervised::kUpstart), Supervised::kUpstart);
  EXPECT_EQ(DetectSupervisor(Supervised::kNo), Supervised::kNo);
}

TEST_F(SupervisorTest, SystemdHearsReadyAndStopping) {
  const testing_support::TempFolder folder;
  const std::string path = folder / "notify";
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  const auto heard = [fd] {
    std::array<char, 256> text{};
    const ssize_t size = recv(fd, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? std::string("nothing") : std::string(text.data(), static_cast<size_t>(size));
  };
  TellReady(Supervised::kNo);
  EXPECT_EQ(heard(), "nothing");
  TellReady(Supervised::kSystemd);
  EXPECT_EQ(heard(), "STATUS=Ready to accept connections\nREADY=1\n");
  TellStopping(Supervised::kSystemd);
  EXPECT_EQ(heard(), "STATUS=Stopping\nSTOPPING=1\n");
  close(fd);
}

TEST_F(SupervisorTest, MissingOrOverlongSocketIsNoError) {
  EXPECT_FALSE(NotifySystemd("READY=1"));
  setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  EXPECT_FALSE(NotifySystemd("READY=1"));
}

}  // namespace
}  // namespace tideway::resp
