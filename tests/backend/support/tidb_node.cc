#include "tests/backend/support/tidb_node.h"

#include <thread>

#include "backend/tidb/address.h"
#include "backend/tidb/bootstrap.h"
#include "backend/tidb/tidb_store.h"

namespace tideway::test {

using backend::ExpiryChange;
using backend::Key;
using backend::Outcome;
using backend::View;

namespace {

const backend::SystemClock system_clock;

backend::TidbAddress AddressOf(uint16_t port, const std::string& database) {
  backend::TidbAddress address;
  address.hosts = {{"127.0.0.1", port}};
  address.database = database;
  address.tls = backend::TidbTls::kOff;
  return address;
}

}  // namespace

bool MakeTables(uint16_t port, const std::string& database) {
  return backend::BootstrapTidb(AddressOf(port, database), [] { return true; }).ok();
}

TidbNode::TidbNode(const Options& options) {
  backend::TidbStoreOptions store;
  if (options.uri.empty()) {
    store.address = AddressOf(options.port, options.database);
    store.address.connections = options.connections;
  } else {
    store.address = backend::ParseTidbAddress(options.uri).value();
  }
  store.databases = 4;
  store.value_bytes_max = options.value_bytes_max;
  store.backend_timeout_ms = options.backend_timeout_ms;
  store.settings.event_classes = ~0u;
  store_ = backend::MakeTidbStore(store, system_clock);
  store_->AttachThreads({&port_});
  driver_ = std::make_unique<BatchDriver>(*store_, port_);
}

TidbNode::~TidbNode() { store_->Stop(); }

Outcome TidbNode::Run(const BatchDriver::Keys& keys, const BatchDriver::Handler& handler,
                      uint32_t db) {
  attempts_ = 0;
  return driver_->Run(
      keys,
      [&](View& view) {
        ++attempts_;
        handler(view);
      },
      db);
}

backend::Announcement TidbNode::Heard::OnStoreEvents(std::vector<backend::EventNote> events) {
  for (std::string& text : EventTexts(events)) told.push_back(std::move(text));
  return {};
}

void TidbNode::Work(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    store_->Tick(heard_);
    driver_->Pump();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  } while (std::chrono::steady_clock::now() < end);
}

Outcome TidbNode::Set(const std::string& key, const std::string& value, int64_t ttl_ms) {
  return Run({key}, [&](View& view) {
    Key at = view.OpenWrite(key);
    at.SetString(value,
                 ttl_ms == 0 ? ExpiryChange::Clear() : ExpiryChange::At(view.now_ms() + ttl_ms));
    view.Note(backend::Event::kSet, at);
  });
}

Outcome TidbNode::Erase(const std::string& key) {
  return Run({key}, [&](View& view) {
    Key at = view.OpenWrite(key);
    if (!at.exists()) return;
    at.Erase();
    view.Note(backend::Event::kDel, 0, key);
  });
}

Outcome TidbNode::Add(const std::string& key) {
  return Run({key}, [&](View& view) {
    Key at = view.OpenWrite(key);
    const int old = at.exists() ? std::stoi(std::string(at.String())) : 0;
    at.SetString(std::to_string(old + 1), ExpiryChange::Keep());
    view.Note(backend::Event::kIncrBy, at);
  });
}

std::string TidbNode::Get(const std::string& key) {
  std::string value = "-";
  Run({key}, [&](View& view) {
    const Key at = view.OpenRead(key);
    if (at.exists()) value = at.String();
  });
  return value;
}

}  // namespace tideway::test
