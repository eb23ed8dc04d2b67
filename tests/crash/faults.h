// A disk that is full or fails, and data directories that must be refused.
#pragma once

#include <string>
#include <vector>

#include "tests/crash/site.h"

namespace tideway::tests {

// While the fault is on, writes are answered -MISCONF and reads go on; when it is off again the
// server heals by itself; nothing acknowledged is lost by a power loss after that, and nothing
// refused was done. `command` is the fault layer's word: "enospc" or "fsync-error".
std::vector<std::string> TestFailingDisk(Site* site, const std::string& command,
                                         const std::string& appendfsync);

// A second server on the same directory, and one on a directory that a newer version wrote, end
// with a clear error and touch nothing.
std::vector<std::string> TestRefusedDirectories(Site* site);

}  // namespace tideway::tests
