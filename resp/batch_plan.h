// Which commands go into the next batch, and what they read: decided before anything is loaded.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/store.h"
#include "resp/command/command_table.h"

namespace tideway::resp {

class Session;
class Worker;

/// The commands of one client between two replies. Kept and used for batch after batch.
class BatchPlan {
 public:
  struct Planned {
    Resolved command;
    Args args;
  };

  /// kAgain: the client has been promised that they run, whatever CLIENT PAUSE says meanwhile.
  enum class Start : uint8_t { kFirst, kAgain };
  /// Takes the first commands of `requests` and writes what they read into `batch`. A command that
  /// must run alone ends the batch before it. With a store that may ask for the handlers again,
  /// commands that change the client's own state run alone, too; and a command that CLIENT PAUSE
  /// holds back is not taken, as nothing stops it once it is loaded.
  void Make(Session& session, Worker& worker, std::span<const Args> requests, backend::Batch& batch,
            Start start);
  /// Copies the arguments: the input they point into is used for other clients while the batch is
  /// loaded.
  void Pin();
  /// Gives the copies back.
  void Forget();

  const std::vector<Planned>& commands() const { return commands_; }
  /// The last command is EXEC.
  bool ends_with_exec() const;
  /// Some command looks into other workers: the batch runs while they rest.
  bool inspects() const { return inspects_; }
  /// The first command has to wait for the end of CLIENT PAUSE: nothing was planned.
  bool paused() const { return paused_; }

 private:
  void AddRange(const Command& row, Args args, uint32_t db, backend::Batch& batch);
  bool AddBlind(const Planned& planned, Session& session, Worker& worker, backend::Batch& batch);
  void AddReads(const Command& row, Args args, uint32_t db, backend::Batch& batch);
  void AddQueue(Session& session, backend::Batch& batch);
  void AddRead(std::string_view key, uint32_t db, const Command& row, bool together,
               backend::Batch& batch);
  void AddMembers(const Command& row, Args args, size_t first, backend::Batch& batch);

  std::vector<Planned> commands_;
  bool inspects_ = false;
  bool paused_ = false;
  bool remote_ = false;
  uint32_t databases_ = 1;
  bool any_database_ = false;  // a queued SELECT: where the commands behind it read is not followed
  std::deque<std::string> words_;
  std::vector<backend::BlindWrite> scratch_;
  std::vector<std::vector<std::string_view>> pinned_;
};

}  // namespace tideway::resp
