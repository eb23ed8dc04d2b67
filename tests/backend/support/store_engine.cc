#include "tests/backend/support/store_engine.h"

#include <gtest/gtest.h>

#include "backend/data/key_hash.h"
#include "backend/memory/embedded_store.h"
#include "tests/support/faulty_journal.h"

namespace tideway::test {

using backend::Batch;
using backend::Outcome;
using backend::Progress;
using backend::ReadScope;
using backend::View;

std::vector<StoreEngine> StoreEngines() {
  return {{.name = "Memory",
           .open = [](const backend::StoreSettings& settings, const backend::Clock& clock) {
             auto store = backend::OpenEmbeddedStore(
                 {.databases = 4, .journalled = false, .settings = settings}, clock,
                 backend::MakeNullJournal());
             EXPECT_TRUE(store.ok());
             return std::move(store).value();
           }}};
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
  batch_->reads_everything = keys_.empty();
  for (const std::string& key : keys_) {
    batch_->reads.push_back({backend::KeyHash(key), db, ReadScope::kKey, key});
  }
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
  events_ = EventTexts(batch_->view().events());
  batch_->Reset();
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
