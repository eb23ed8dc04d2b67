// The executor's own side of a batch; for its own files only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/store.h"
#include "resp/batch_plan.h"
#include "resp/executor.h"
#include "resp/news.h"
#include "resp/protocol/reply_writer.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {

/// CLIENT REPLY OFF, or SKIP's one command.
inline bool IsSilent(const Session& session) {
  return session.reply_mode == ReplyMode::kOff || session.reply_mode == ReplyMode::kSkipping;
}

/// The first word of an error text, for INFO errorstats.
inline std::string_view ErrorCode(std::string_view text) { return text.substr(0, text.find(' ')); }

// A batch on its way: one client's commands between load and reply. Reused.
class Executor::BatchRun final : public backend::BatchOwner {
 public:
  explicit BatchRun(Executor& executor)
      : reply(&buffer),
        executor_(executor),
        batch(executor.worker_.server().store.MakeBatch(*this, executor.worker_.index())) {}

  void OnLoaded(backend::Batch&) override { executor_.OnLoaded(*this); }
  void OnCommitted(backend::Batch&) override { executor_.Finish(*this); }

  /// Not the first time that the commands run.
  bool ran_before() const { return counted || attempts > 1; }

  ByteBuffer buffer;
  ReplyWriter reply;

 private:
  Executor& executor_;

 public:
  std::unique_ptr<backend::Batch> batch;
  Session* session = nullptr;  // null once the client went away
  BatchPlan plan;
  std::unique_ptr<TransactionState> transaction;  // that this batch ended, while it may run again
  using Words = std::vector<std::vector<std::string>>;  // of some commands
  // Parts of a batch that was refused, still to run, each by itself.
  std::deque<Words> rest;
  bool counted = false;  // its commands have run once, and are in statistics and logs
  uint32_t attempts = 0;
  int64_t start_us = 0;  // of a pending batch: now less its time with the database; monotonic
  uint32_t db_before = 0;
  ReplyMode reply_mode_before = ReplyMode::kOn;
  BatchMessages messages;
  std::shared_ptr<CommitFacts> commit;  // for what the batch announced to other nodes
  std::vector<WatchedKey> unwatch;
  bool wrote = false;
  bool pending = false;  // Commit did not finish at once

  /// What the batch of that client tells, once its handlers have run.
  News TakeNews(uint64_t client) {
    backend::View& view = batch->view();
    News news{.events = {}, .messages = messages.Take(), .client = client};
    if (executor_.worker_.server().bus.carries_events() && !view.events().empty()) {
      news.commit = commit = std::make_shared<CommitFacts>(view);
    }
    news.events = view.TakeEvents();
    return news;
  }
};

}  // namespace tideway::resp
