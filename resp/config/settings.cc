#include "resp/config/settings.h"

namespace tideway::resp {

bool IsJournalled(const Settings& settings) {
  if (!settings.backend.empty()) return false;
  return settings.storage == Storage::kRocksDb && (settings.appendonly || !settings.save.empty());
}

}  // namespace tideway::resp
