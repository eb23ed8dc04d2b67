// Before the first client: waits for the database, makes or migrates the tables, checks that this
// build may use them. Blocking, on the caller's thread, with a connection of its own.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "backend/result.h"
#include "backend/tidb/address.h"

namespace tideway::backend {

/// Tries the addresses one after the other, for as long as `keep_waiting` says so; tells in the log
/// what it waits for. kUnavailable: told to stop. kUnsupported: a newer schema, or no TiDB.
/// kInvalidArgument: the password or the grants do not do, waiting does not help.
/// `shared`, where given, becomes what Store::ShareSetting() has remembered, by name.
Status BootstrapTidb(const TidbAddress& address, const std::function<bool()>& keep_waiting,
                     std::map<std::string, std::string>* shared = nullptr);

}  // namespace tideway::backend
