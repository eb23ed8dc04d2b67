// Directories that must be refused, with a text that an operator can act on.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/backend/rocksdb/journal_fixture.h"

#if defined(__has_feature)
#define TIDEWAY_HAS_TSAN __has_feature(thread_sanitizer)
#endif

namespace tideway::backend {
namespace {

using ::testing::Test;
using testing_support::TempFolder;

class DataDir : public Test {
 protected:
  RocksdbJournalOptions Options() { return SmallJournal(dir_, SyncPolicy::kAlways); }
  void Fill() {
    Recovered recovered = OpenAndRecover(Options());
    ASSERT_TRUE(recovered.status.ok()) << recovered.status.error().detail;
    AppendNext(*recovered.journal, 200);
  }
  Error Refusal() {
    const Recovered recovered = OpenAndRecover(Options());
    EXPECT_FALSE(recovered.status.ok());
    return recovered.status.ok() ? Error{Errc::kNotFound, "was not refused"}
                                 : recovered.status.error();
  }
  static bool Has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  TempFolder folder_;
  const std::string dir_ = folder_ / "deep/data";
};

TEST_F(DataDir, IsCreatedWithItsParents) {
  Fill();
  EXPECT_EQ(TempFolder::Read(dir_ + "/tideway.format"), "tideway-journal 1\n");
}

TEST_F(DataDir, MayHoldTheServersLogBeforeTheFirstStart) {
  std::filesystem::create_directories(dir_);
  folder_.Write("deep/data/tideway.log", "a line\n");
  folder_.Write("deep/data/2024.log.log", "a line\n");
  Fill();
  folder_.Write("deep/data/000001x.log", "a line\n");
  Fill();
}

TEST_F(DataDir, OfANewerVersionIsRefused) {
  Fill();
  folder_.Write("deep/data/tideway.format", "tideway-journal 2\n");
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kUnsupported);
  EXPECT_EQ(error.detail, "data directory " + dir_ +
                              " was written by a newer tideway (format 2, this one reads up to 1). "
                              "Run that version, or use another directory");
}

TEST_F(DataDir, WithAGarbledFormatIsRefused) {
  Fill();
  for (const std::string text : {"", "tideway-journal 0\n", "tideway-journal 1", "junk\n",
                                 "tideway-journal 99999999999999999999\n"}) {
    folder_.Write("deep/data/tideway.format", text);
    EXPECT_EQ(Refusal().code, Errc::kCorrupt) << text;
  }
}

TEST_F(DataDir, ThatLostItsFormatIsRefused) {
  Fill();
  std::filesystem::remove(dir_ + "/tideway.format");
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kCorrupt);
  EXPECT_TRUE(Has(error.detail, "tideway.format")) << error.detail;
}

TEST_F(DataDir, ThatLostItsCurrentFileIsNotTakenForEmpty) {
  Fill();
  std::filesystem::remove(dir_ + "/CURRENT");
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kCorrupt);
  EXPECT_TRUE(Has(error.detail, "CURRENT is missing")) << error.detail;
}

TEST_F(DataDir, HeldByThisProcessIsRefused) {
  const Recovered holder = OpenAndRecover(Options());
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kBusy);
  EXPECT_EQ(error.detail,
            "data directory " + dir_ +
                " is in use by this process. Stop it first, or use another directory");
}

TEST_F(DataDir, HeldByAnotherProcessIsRefusedAndItsIdIsTold) {
#if defined(__SANITIZE_THREAD__) || (defined(__has_feature) && TIDEWAY_HAS_TSAN)
  GTEST_SKIP() << "ThreadSanitizer does not let a process that has threads fork";
#endif
  Fill();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Recovered holder = OpenAndRecover(Options());
    const char byte = holder.status.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) == 1) pause();
    _exit(1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kBusy);
  EXPECT_TRUE(Has(error.detail, "is in use by process " + std::to_string(child))) << error.detail;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  // And once it is gone, the directory is free.
  ExpectBatches(OpenAndRecover(Options()).replayed, 1, 200);
}

TEST_F(DataDir, ThatCannotBeCreatedIsRefused) {
  folder_.Write("deep", "a file, not a folder");
  const Error error = Refusal();
  EXPECT_EQ(error.code, Errc::kIo);
  EXPECT_TRUE(Has(error.detail, "cannot create data directory " + dir_)) << error.detail;
}

TEST_F(DataDir, ThatCannotBeReadIsRefused) {
  Fill();
  RocksdbJournalOptions options = Options();
  options.fault_disk = std::make_shared<FaultDisk>(FaultDisk::Options{});
  options.fault_disk->Set(FaultDisk::Fault::kReadError, true);
  const Recovered recovered = OpenAndRecover(options);
  ASSERT_FALSE(recovered.status.ok());
  EXPECT_EQ(recovered.status.error().code, Errc::kIo) << recovered.status.error().detail;
}

TEST_F(DataDir, OnAFullDiskIsRefused) {
  RocksdbJournalOptions options = Options();
  options.fault_disk = std::make_shared<FaultDisk>(FaultDisk::Options{});
  options.fault_disk->Set(FaultDisk::Fault::kNoSpace, true);
  const Recovered recovered = OpenAndRecover(options);
  ASSERT_FALSE(recovered.status.ok());
  EXPECT_EQ(recovered.status.error().code, Errc::kIo) << recovered.status.error().detail;
  // A start that failed half-way is no obstacle to the next one.
  for (uint64_t step = 0; step < 40; ++step) {
    options.fault_disk->Clear();
    options.fault_disk->SetFrom(FaultDisk::Fault::kNoSpace,
                                options.fault_disk->operations() + step);
    OpenAndRecover(options);
  }
  Fill();
}

}  // namespace
}  // namespace tideway::backend
