// What a session handler gets: the client, the server, and the arguments.
#pragma once

#include "resp/command/command.h"

namespace tideway::resp {

class Executor;
class Session;
class Worker;
struct ServerContext;

/// One run of a session command. References are valid during the handler.
struct Call {
  const Command& row;
  Args args;
  ReplyWriter& reply;
  Session& session;
  Worker& worker;
  ServerContext& server;
  /// The batch's view: only for rows that declare reads (WATCH, EXEC, DEBUG OBJECT, MEMORY USAGE).
  backend::View& view;
  Executor& executor;
};

}  // namespace tideway::resp
