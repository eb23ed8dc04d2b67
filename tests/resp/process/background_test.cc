#include "resp/process/background.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "resp/process/pid_file.h"
#include "tests/support/temp_folder.h"

namespace tideway::resp {
namespace {

using testing_support::TempFolder;

/// Runs `serve` as a server that goes to the background; returns the exit code of the process that
/// was started.
template <class Serve>
int ExitCodeOf(Serve serve) {
  const pid_t pid = fork();
  if (pid == 0) {
    auto background = Background::Start();
    if (background.ok()) serve(background.value());
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Background, StarterWaitsForReady) {
  const TempFolder folder;
  const std::string path = folder / "ready";
  EXPECT_EQ(ExitCodeOf([&](Background& background) {
              folder.Write("ready", getsid(0) == getpid() ? "own session" : "same session");
              background.Ready();
            }),
            0);
  EXPECT_EQ(TempFolder::Read(path), "own session");
}

TEST(Background, StarterFailsWhenTheServerEndsBefore) {
  EXPECT_EQ(ExitCodeOf([](Background&) { _exit(0); }), 1);
}

TEST(Background, ForegroundIsAlwaysReady) {
  Background foreground;
  foreground.Ready();
  EXPECT_GE(write(STDOUT_FILENO, "", 0), 0);
}

TEST(PidFile, LivesAsLongAsTheObject) {
  const TempFolder folder;
  const std::string path = folder / "t.pid";
  {
    auto file = PidFile::Write(path);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(TempFolder::Read(path), std::to_string(getpid()) + "\n");
    const PidFile moved = std::move(file).value();
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PidFile, EmptyPathIsNoFileAndABadOneAnError) {
  EXPECT_TRUE(PidFile::Write("").ok());
  const auto bad = PidFile::Write("/no/such/t.pid");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().detail,
            "Can't write the pid file '/no/such/t.pid': No such file or directory");
}

}  // namespace
}  // namespace tideway::resp
