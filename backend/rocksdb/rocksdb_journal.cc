#include "backend/rocksdb/rocksdb_journal.h"

#include <utility>

#include "backend/log.h"
#include "backend/rocksdb/fault_fs.h"
#include "backend/rocksdb/journal_shell.h"

namespace tideway::backend {

Result<std::unique_ptr<Journal>> OpenRocksdbJournal(const RocksdbJournalOptions& options,
                                                    const Clock& clock) {
  std::shared_ptr<FaultDisk> disk = options.fault_disk;
  if (!disk) disk = FaultDisk::FromEnvironment();
  std::unique_ptr<rocksdb::Env> own_env;
  if (disk) own_env = rocksdb::NewCompositeEnv(MakeFaultFs(disk));
  JournalDbConfig config;
  config.dir = options.dir;
  config.env = own_env ? own_env.get() : rocksdb::Env::Default();
  config.write_buffer_bytes = options.write_buffer_bytes;
  Result<std::unique_ptr<JournalDb>> db = JournalDb::Open(config);
  if (!db.ok() && db.error().code == Errc::kIo) {
    // A full disk: what it holds can be read all the same, and it may heal.
    Result<std::unique_ptr<JournalDb>> read_only = JournalDb::OpenReadOnly(config);
    if (read_only.ok()) {
      log::Warning("{}. Serving what is there; writes are refused until it can be written",
                   db.error().detail);
      db = std::move(read_only);
    }
  }
  if (!db.ok()) return db.error();
  return std::unique_ptr<Journal>(new RocksdbJournal(options, clock, std::move(own_env),
                                                     std::move(config), std::move(db).value()));
}

}  // namespace tideway::backend
