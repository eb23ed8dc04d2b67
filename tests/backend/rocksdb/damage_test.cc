// Files damaged at random: the journal is refused with a reason, or gives exactly what was
// appended; never something else, and never a crash.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "tests/backend/rocksdb/journal_fixture.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using testing_support::TempFolder;

class Damage : public ::testing::Test {
 protected:
  static constexpr Ticket kCut = 120;
  static constexpr Ticket kLast = 400;
  static constexpr const char* kChunk = "what batches 1 to 120 did";

  RocksdbJournalOptions Options() { return SmallJournal(data_, SyncPolicy::kAlways); }

  /// A checkpoint, tables, closed log files and an open one. Everything is durable.
  std::unique_ptr<Journal> Fill() {
    Recovered recovered = OpenAndRecover(Options());
    Journal& journal = *recovered.journal;
    AppendNext(journal, kCut);
    Result<std::unique_ptr<CheckpointWriter>> writer = journal.BeginCheckpoint();
    EXPECT_TRUE(writer.ok());
    EXPECT_TRUE(writer.value()->Add(kChunk).ok());
    EXPECT_TRUE(writer.value()->Finish(kCut).ok());
    while (journal.last() < kLast) {
      AppendNext(journal, 10);
      EXPECT_TRUE(journal.Flush().ok());
    }
    return std::move(recovered.journal);
  }

  void Keep(const std::string& name) {
    std::filesystem::remove_all(folder_ / name);
    std::filesystem::copy(data_, folder_ / name);
  }
  void Restore(const std::string& name) {
    std::filesystem::remove_all(data_);
    std::filesystem::copy(folder_ / name, data_);
  }

  std::vector<std::string> Files() {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(data_)) {
      if (entry.file_size() > 0) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  /// Refused, or a prefix (a whole one, if `complete`).
  void Check(bool complete, const std::string& what) {
    const Recovered recovered = OpenAndRecover(Options());
    if (!recovered.status.ok()) {
      ++refused_;
      EXPECT_NE(recovered.status.error().detail.find(data_), std::string::npos)
          << what << ": " << recovered.status.error().detail;
      return;
    }
    ++accepted_;
    const Ticket last = recovered.journal->last();
    ASSERT_LE(last, kLast) << what;
    ASSERT_GE(last, complete ? kLast : kCut) << what;
    ExpectBatches(recovered.replayed, kCut + 1, last, {kChunk});
    ASSERT_FALSE(HasFailure()) << what;
  }

  TempFolder folder_;
  const std::string data_ = folder_ / "data";
  int refused_ = 0;
  int accepted_ = 0;
};

std::string FlipBit(const std::string& path, std::mt19937_64& random) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const uint64_t offset = random() % std::filesystem::file_size(path);
  const auto bit = static_cast<char>(1 << random() % 8);
  file.seekg(static_cast<std::streamoff>(offset));
  const auto byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ bit));
  return path + " at " + std::to_string(offset) + " of " +
         std::to_string(std::filesystem::file_size(path));
}

std::string Truncate(const std::string& path, std::mt19937_64& random) {
  const uint64_t bytes = random() % std::filesystem::file_size(path);
  std::filesystem::resize_file(path, bytes);
  return path + " cut to " + std::to_string(bytes);
}

TEST_F(Damage, TheLossOfTheNewestLogFileIsNeverSilent) {
  const std::unique_ptr<Journal> journal = Fill();
  Keep("whole");  // as after SIGKILL: no orderly end
  std::vector<std::string> logs;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "whole")) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) {
      logs.push_back(entry.path().string());
    }
  }
  ASSERT_FALSE(logs.empty());
  std::sort(logs.begin(), logs.end());
  std::filesystem::remove(logs.back());
  RocksdbJournalOptions options = Options();
  options.dir = folder_ / "whole";
  const Recovered recovered = OpenAndRecover(options);
  ASSERT_FALSE(recovered.status.ok()) << "recovered up to " << recovered.journal->last();
  EXPECT_EQ(recovered.status.error().code, Errc::kCorrupt) << recovered.status.error().detail;
}

TEST_F(Damage, ABitFlippedAfterAnOrderlyEndIsNeverSilent) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  Fill();
  Keep("whole");
  for (int round = 0; round < 150; ++round) {
    Restore("whole");
    const std::vector<std::string> files = Files();
    const std::string what = FlipBit(files[random() % files.size()], random);
    Check(/*complete=*/true, what);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(refused_, 0);
  EXPECT_GT(accepted_, 0);  // IDENTITY, OPTIONS, LOCK …
}

TEST_F(Damage, ABitFlippedAfterACrashCostsAtMostTheEnd) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  {
    const std::unique_ptr<Journal> running = Fill();
    Keep("whole");  // as SIGKILL would leave it
  }
  for (int round = 0; round < 100; ++round) {
    Restore("whole");
    const std::vector<std::string> files = Files();
    const std::string what = FlipBit(files[random() % files.size()], random);
    Check(/*complete=*/false, what);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST_F(Damage, AFileTruncatedAfterAnOrderlyEndIsNeverSilent) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  Fill();
  Keep("whole");
  for (int round = 0; round < 100; ++round) {
    Restore("whole");
    const std::vector<std::string> files = Files();
    const std::string what = Truncate(files[random() % files.size()], random);
    Check(/*complete=*/true, what);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST_F(Damage, AFileTruncatedAfterACrashCostsAtMostTheEnd) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  {
    const std::unique_ptr<Journal> running = Fill();
    Keep("whole");
  }
  for (int round = 0; round < 100; ++round) {
    Restore("whole");
    const std::vector<std::string> files = Files();
    const std::string what = Truncate(files[random() % files.size()], random);
    Check(/*complete=*/false, what);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST_F(Damage, AMissingFileIsNeverSilent) {
  Fill();
  Keep("whole");
  for (const std::string& file : Files()) {
    Restore("whole");
    std::filesystem::remove(file);
    // What was claimed is gone together with the claim.
    Check(/*complete=*/!file.ends_with("tideway.durable"), "without " + file);
  }
  EXPECT_GT(refused_, 0);
}

TEST_F(Damage, WhatIsRefusedIsNotDeleted) {
  Fill();
  for (const std::string& file : Files()) {
    if (file.find("MANIFEST") != std::string::npos) std::filesystem::resize_file(file, 100);
  }
  const std::vector<std::string> before = Files();
  ASSERT_FALSE(OpenAndRecover(Options()).status.ok());
  const std::vector<std::string> after = Files();
  for (const std::string& file : before) {
    EXPECT_TRUE(std::binary_search(after.begin(), after.end(), file)) << file;
  }
}

TEST_F(Damage, InTheMiddleOfTheLogIsNoticedAfterACrash) {
  RocksdbJournalOptions options = Options();
  options.write_buffer_bytes = 16 * limits::kMiB;  // all of it stays in one log file
  {
    Recovered recovered = OpenAndRecover(options);
    for (int i = 0; i < 100; ++i) {
      AppendNext(*recovered.journal, 5);
      ASSERT_TRUE(recovered.journal->Flush().ok());
    }
    Keep("whole");
  }
  Restore("whole");
  for (const std::string& path : Files()) {
    if (!path.ends_with(".log")) continue;
    ASSERT_GT(std::filesystem::file_size(path), 100'000u);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50'000);
    file.write("XXXX", 4);
  }
  const Recovered recovered = OpenAndRecover(options);
  ASSERT_FALSE(recovered.status.ok());
  EXPECT_EQ(recovered.status.error().code, Errc::kCorrupt);
  EXPECT_NE(recovered.status.error().detail.find("although they were on disk"), std::string::npos)
      << recovered.status.error().detail;
}

}  // namespace
}  // namespace tideway::backend
