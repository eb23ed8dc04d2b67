// Commands whose writes can be said without reading first (backend::BlindWrite): a remote engine
// then needs one round trip instead of two. Each is the `blind` of its command's row, takes the
// command's arguments and appends what it writes; false when that depends on what is there, or when
// something is wrong with the arguments, of which the handler tells.
#pragma once

#include <vector>

#include "backend/store.h"
#include "resp/command/command.h"

namespace tideway::resp {

using BlindWrites = std::vector<backend::BlindWrite>;

bool BlindSet(Args args, BlindWrites& writes);
bool BlindSetNx(Args args, BlindWrites& writes);
bool BlindSetEx(Args args, BlindWrites& writes);
bool BlindPSetEx(Args args, BlindWrites& writes);
bool BlindMSet(Args args, BlindWrites& writes);
bool BlindDel(Args args, BlindWrites& writes);

}  // namespace tideway::resp
