// The executor's own side of a batch; for executor.cc only.
#pragma once

#include <cstdint>
#include <memory>
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

// A batch on its way: one client's commands between load and reply. Reused.
class Executor::BatchRun final : public backend::BatchOwner {
 public:
  explicit BatchRun(Executor& executor)
      : reply(&buffer),
        executor_(executor),
        batch(executor.worker_.server().store.MakeBatch(*this, executor.worker_.index())) {}

  void OnLoaded(backend::Batch&) override { executor_.OnLoaded(*this); }
  void OnCommitted(backend::Batch&) override { executor_.Finish(*this); }

  ByteBuffer buffer;
  ReplyWriter reply;

 private:
  Executor& executor_;

 public:
  std::unique_ptr<backend::Batch> batch;
  Session* session = nullptr;  // null once the client went away
  BatchPlan plan;
  std::unique_ptr<TransactionState> transaction;  // that this batch ended, while it may run again
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
