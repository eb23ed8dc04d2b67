#include "tests/backend/support/store_engine.h"

#include <gtest/gtest.h>

#include "backend/data/key_hash.h"
#include "backend/memory/embedded_store.h"
#include "backend/tidb/address.h"
#include "backend/tidb/bootstrap.h"
#include "backend/tidb/tidb_store.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/shared_tidb.h"

namespace tideway::test {

using backend::Batch;
using backend::Outcome;
using backend::Progress;
using backend::ReadScope;
using backend::View;

namespace {

const std::vector<backend::RangeRead> kAllKeys = {{backend::RangeRead::Kind::kKeys, 0},
                                                  {backend::RangeRead::Kind::kKeys, 1},
                                                  {backend::RangeRead::Kind::kKeys, 2},
                                                  {backend::RangeRead::Kind::kKeys, 3}};

std::unique_ptr<backend::Store> OpenMemory(const backend::StoreSettings& settings,
                                           const backend::Clock& clock, std::string*) {
  auto store =
      backend::OpenEmbeddedStore({.databases = 4, .journalled = false, .settings = settings}, clock,
                                 backend::MakeNullJournal());
  EXPECT_TRUE(store.ok());
  return std::move(store).value();
}

// Its deadlines are of real time, as the database's answers are.
std::unique_ptr<backend::Store> OpenTidb(const backend::StoreSettings& settings,
                                         const backend::Clock&, std::string* why) {
  testing_support::TidbServer* const server = testing_support::SharedTidb(why);
  if (server == nullptr) return nullptr;
  static const backend::SystemClock clock;
  const auto address = backend::ParseTidbAddress(server->Address(testing_support::FreshDatabase()));
  const Status ready = backend::BootstrapTidb(address.value(), [] { return true; });
  EXPECT_TRUE(ready.ok());
  return backend::MakeTidbStore({.address = address.value(),
                                 .databases = 4,
                                 .backend_timeout_ms = 30'000,
                                 .settings = settings},
                                clock);
}

}  // namespace

std::vector<StoreEngine> StoreEngines() {
  return {{.name = "Memory", .open = OpenMemory},
          {.name = "Tidb",
           .swaps_databases = false,
           .keeps_time = false,
           .time_scale = 30,
           .expires_in_tick = false,
           .counts_exactly = false,
           .rounds = 100,
           .open = OpenTidb}};
}

BatchDriver::BatchDriver(backend::Store& store, ManualPort& port, size_t thread)
    : store_(store), port_(port), batch_(store.MakeBatch(*this, thread)) {}

Outcome BatchDriver::Run(const Keys& keys, const Handler& handler, uint32_t db) {
  for (;;) {
    if (!Begin(keys, handler, db)) {
      while (!ended_) {
        for (const auto& job : port_.WaitAndTake()) job();
      }
    }
    if (outcome_ != Outcome::kConflict) return outcome_;
  }
}

bool BatchDriver::Begin(const Keys& keys, const Handler& handler, uint32_t db) {
  keys_ = keys;
  handler_ = handler;
  db_ = db;
  ended_ = false;
  batch_->reads_everything = keys_.empty() || !ranges_.empty();
  batch_->may_write = may_write_;
  batch_->ranges = keys_.empty() && ranges_.empty() ? kAllKeys : ranges_;
  batch_->wants_revisions = wants_revisions_;
  for (const std::string& key : keys_) {
    batch_->reads.push_back({backend::KeyHash(key), db, scope_, key, together_});
  }
  batch_->members = members_;
  batch_->blind = blind_;
  if (store_.Load(*batch_) == Progress::kDone) RunHandler();
  return ended_;
}

bool BatchDriver::Pump() {
  for (const auto& job : port_.Take()) job();
  return ended_;
}

void BatchDriver::RunHandler() {
  View& view = batch_->view();
  view.set_db(db_);
  handler_(view);
  if (store_.Commit(*batch_) == Progress::kDone) End();
}

void BatchDriver::OnLoaded(Batch&) { RunHandler(); }
void BatchDriver::OnCommitted(Batch&) { End(); }

void BatchDriver::End() {
  outcome_ = batch_->outcome;
  commit_ts_ = batch_->commit_ts;
  detail_ = batch_->detail;
  events_ = EventTexts(batch_->view().events());
  batch_->Reset();
  if (outcome_ != Outcome::kConflict) {
    ranges_.clear();
    set_scope(ReadScope::kKey);
    blind_.clear();
  }
  ended_ = true;
}

std::vector<std::string> EventTexts(std::span<const backend::EventNote> events) {
  std::vector<std::string> texts;
  for (const backend::EventNote& note : events) {
    texts.push_back(std::string(backend::EventName(note.event)) + " " + std::to_string(note.db) +
                    " " + note.key);
  }
  return texts;
}

}  // namespace tideway::test
