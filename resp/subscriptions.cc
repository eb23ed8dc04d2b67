#include "resp/subscriptions.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "resp/protocol/glob.h"
#include "resp/session.h"

namespace tideway::resp {
namespace {

constexpr size_t Index(ChannelKind kind) { return static_cast<size_t>(kind); }

/// Encodes one message, or pmessage when the listeners are a pattern's, into a chunk.
class MessageEncoder {
 public:
  MessageEncoder(const Channel& listeners, std::string_view channel, std::string_view payload)
      : listeners_(listeners), channel_(channel), payload_(payload) {}

  SharedSlice Encode(ChunkWriter& chunks, bool resp3) const {
    const bool pattern = listeners_.kind == ChannelKind::kPattern;
    // Each bulk costs its bytes, "$", at most 20 digits and two CRLF.
    const size_t bound = 64 + 4 * 32 + listeners_.name.size() + channel_.size() + payload_.size();
    char* const begin = chunks.Reserve(bound);
    char* at = begin;
    *at++ = resp3 ? '>' : '*';
    switch (listeners_.kind) {
      case ChannelKind::kExact:
        at = Put(at, "3\r\n$7\r\nmessage\r\n");
        break;
      case ChannelKind::kPattern:
        at = Put(at, "4\r\n$8\r\npmessage\r\n");
        break;
      case ChannelKind::kShard:
        at = Put(at, "3\r\n$8\r\nsmessage\r\n");
        break;
    }
    if (pattern) at = PutBulk(at, listeners_.name);
    at = PutBulk(at, channel_);
    at = PutBulk(at, payload_);
    return chunks.Commit(static_cast<size_t>(at - begin));
  }

 private:
  static char* Put(char* at, std::string_view bytes) {
    std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
  }
  static char* PutBulk(char* at, std::string_view bytes) {
    *at++ = '$';
    at = std::to_chars(at, at + 20, bytes.size()).ptr;
    at = Put(at, "\r\n");
    at = Put(at, bytes);
    return Put(at, "\r\n");
  }

  const Channel& listeners_;
  std::string_view channel_;
  std::string_view payload_;
};

}  // namespace

cdc::Topic TopicOf(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kPattern:
      return cdc::Topic::kPattern;
    case ChannelKind::kShard:
      return cdc::Topic::kShardChannel;
    case ChannelKind::kExact:
      break;
  }
  return cdc::Topic::kChannel;
}

bool Channel::Hears(cdc::Via via) const {
  if (via == cdc::kViaOwnChannel && kind != ChannelKind::kPattern) return true;
  return std::find(vias.begin(), vias.end(), via) != vias.end();
}

cdc::Ticket SubscriptionRegistry::Add(ChannelKind kind, std::string_view name, size_t thread) {
  std::lock_guard lock(mutex_);
  auto& names = names_[Index(kind)];
  auto it = names.find(name);
  if (it == names.end()) {
    it = names.emplace(std::string(name), Counts{}).first;
    it->second.per_thread.resize(threads_);
    it->second.ticket = bus_.InterestBegan(TopicOf(kind), name);
  }
  ++it->second.per_thread[thread];
  ++it->second.total;
  if (++listeners_[thread] == 1) listening_.fetch_or(uint64_t{1} << thread);
  return it->second.ticket;
}

void SubscriptionRegistry::Remove(ChannelKind kind, std::string_view name, size_t thread) {
  std::lock_guard lock(mutex_);
  auto& names = names_[Index(kind)];
  const auto it = names.find(name);
  if (it == names.end()) return;
  --it->second.per_thread[thread];
  if (--listeners_[thread] == 0) listening_.fetch_and(~(uint64_t{1} << thread));
  if (--it->second.total != 0) return;
  names.erase(it);
  bus_.InterestEnded(TopicOf(kind), name);
}

uint64_t SubscriptionRegistry::Count(ChannelKind kind, std::string_view name) const {
  std::lock_guard lock(mutex_);
  const auto it = names_[Index(kind)].find(name);
  return it == names_[Index(kind)].end() ? 0 : it->second.total;
}

void SubscriptionRegistry::ForEach(ChannelKind kind,
                                   const std::function<void(const std::string&)>& fn) const {
  std::lock_guard lock(mutex_);
  for (const auto& [name, counts] : names_[Index(kind)]) fn(name);
}

size_t SubscriptionRegistry::Names(ChannelKind kind) const {
  std::lock_guard lock(mutex_);
  return names_[Index(kind)].size();
}

SubscriptionRegistry::Remote SubscriptionRegistry::RemoteReceivers(ChannelKind kind,
                                                                   std::string_view channel,
                                                                   size_t self) const {
  return threads_ == 1 ? Remote() : Receivers(kind, channel, self);
}

SubscriptionRegistry::Remote SubscriptionRegistry::Receivers(ChannelKind kind,
                                                             std::string_view channel,
                                                             size_t except) const {
  Remote remote;
  const auto add = [&](const Counts& counts) {
    for (size_t thread = 0; thread < threads_; ++thread) {
      if (thread == except || counts.per_thread[thread] == 0) continue;
      remote.receivers += counts.per_thread[thread];
      remote.threads |= uint64_t{1} << thread;
    }
  };
  std::lock_guard lock(mutex_);
  const auto& names = names_[Index(kind)];
  if (const auto it = names.find(channel); it != names.end()) add(it->second);
  if (kind == ChannelKind::kExact) {
    for (const auto& [pattern, counts] : names_[Index(ChannelKind::kPattern)]) {
      if (GlobMatch(pattern, channel)) add(counts);
    }
  }
  return remote;
}

bool SubscriptionTable::Subscribe(Session& session, ChannelKind kind, std::string_view name) {
  auto& channels = channels_[Index(kind)];
  auto it = channels.find(name);
  if (it == channels.end()) {
    auto channel = std::make_unique<Channel>(Channel{std::string(name), kind, {}, {}});
    if (cdc::Bus& bus = registry_.bus(); !bus.alone()) {
      for (const cdc::Interest& interest :
           cdc::InterestsOf(TopicOf(kind), name, bus.carries_events())) {
        const bool own = interest.via == cdc::kViaOwnChannel && kind != ChannelKind::kPattern;
        if (!own) channel->vias.push_back(interest.via);
      }
    }
    it = channels.emplace(channel->name, std::move(channel)).first;
  }
  Channel& channel = *it->second;
  auto& mine = session.subscriptions.by_channel[Index(kind)];
  auto [place, inserted] = mine.try_emplace(&channel);
  if (!inserted) return false;
  place->second = std::make_unique<Subscription>(
      Subscription{&channel, &session, static_cast<uint32_t>(channel.listeners.size())});
  channel.listeners.push_back(place->second.get());
  session.awaited_ticket = std::max(session.awaited_ticket, registry_.Add(kind, name, thread_));
  return true;
}

void SubscriptionTable::Remove(Subscription& subscription) {
  Channel& channel = *subscription.channel;
  Subscription* const moved = channel.listeners.back();
  channel.listeners[subscription.index] = moved;
  moved->index = subscription.index;
  channel.listeners.pop_back();
  registry_.Remove(channel.kind, channel.name, thread_);
  if (channel.listeners.empty()) {
    auto& channels = channels_[Index(channel.kind)];
    channels.erase(channels.find(channel.name));
  }
}

Subscription* SubscriptionTable::Find(Session& session, ChannelKind kind, std::string_view name) {
  const auto& channels = channels_[Index(kind)];
  const auto it = channels.find(name);
  if (it == channels.end()) return nullptr;
  const auto& mine = session.subscriptions.by_channel[Index(kind)];
  const auto place = mine.find(it->second.get());
  return place == mine.end() ? nullptr : place->second.get();
}

void SubscriptionTable::SetMuted(Session& session, ChannelKind kind, std::string_view name,
                                 bool muted) {
  if (Subscription* subscription = Find(session, kind, name)) subscription->muted = muted;
}

bool SubscriptionTable::Unsubscribe(Session& session, ChannelKind kind, std::string_view name) {
  auto& channels = channels_[Index(kind)];
  const auto it = channels.find(name);
  if (it == channels.end()) return false;
  auto& mine = session.subscriptions.by_channel[Index(kind)];
  const auto place = mine.find(it->second.get());
  if (place == mine.end()) return false;
  const auto subscription = std::move(place->second);
  mine.erase(place);
  Remove(*subscription);
  return true;
}

void SubscriptionTable::UnsubscribeAll(Session& session, ChannelKind kind,
                                       const std::function<void(const std::string&)>& fn) {
  auto& mine = session.subscriptions.by_channel[Index(kind)];
  while (!mine.empty()) {
    const auto subscription = std::move(mine.begin()->second);
    mine.erase(mine.begin());
    const std::string name = subscription->channel->name;
    Remove(*subscription);
    fn(name);
  }
}

void SubscriptionTable::Drop(Session& session) {
  for (const ChannelKind kind : {ChannelKind::kExact, ChannelKind::kPattern, ChannelKind::kShard}) {
    UnsubscribeAll(session, kind, [](const std::string&) {});
  }
}

void SubscriptionTable::DeliverTo(Channel& listeners, std::string_view channel,
                                  std::string_view payload) {
  const MessageEncoder message(listeners, channel, payload);
  SharedSlice encoded[2];
  for (Subscription* subscription : listeners.listeners) {
    if (subscription->muted) [[unlikely]]
      continue;
    Session& session = *subscription->session;
    const bool resp3 = session.protocol == 3;
    SharedSlice& slice = encoded[resp3 ? 1 : 0];
    if (slice.size() == 0) slice = message.Encode(chunks_[resp3 ? 1 : 0], resp3);
    session.transport.output().AppendShared(slice);
    session.transport.RequestFlush();
  }
}

uint64_t SubscriptionTable::Deliver(ChannelKind kind, std::string_view channel,
                                    std::string_view payload) {
  uint64_t receivers = 0;
  auto& channels = channels_[Index(kind)];
  if (const auto it = channels.find(channel); it != channels.end()) {
    receivers += it->second->listeners.size();
    DeliverTo(*it->second, channel, payload);
  }
  if (kind == ChannelKind::kExact) {
    for (auto& [pattern, listeners] : channels_[Index(ChannelKind::kPattern)]) {
      if (!GlobMatch(pattern, channel)) continue;
      receivers += listeners->listeners.size();
      DeliverTo(*listeners, channel, payload);
    }
  }
  return receivers;
}

void SubscriptionTable::DeliverFromBus(cdc::Via via, ChannelKind kind, std::string_view channel,
                                       std::string_view payload) {
  auto& channels = channels_[Index(kind)];
  if (const auto it = channels.find(channel); it != channels.end() && it->second->Hears(via)) {
    DeliverTo(*it->second, channel, payload);
  }
  if (kind != ChannelKind::kExact) return;
  for (auto& [pattern, listeners] : channels_[Index(ChannelKind::kPattern)]) {
    if (listeners->Hears(via) && GlobMatch(pattern, channel)) {
      DeliverTo(*listeners, channel, payload);
    }
  }
}

uint64_t SubscriptionTable::Receivers(ChannelKind kind, std::string_view channel) const {
  uint64_t receivers = 0;
  const auto& channels = channels_[Index(kind)];
  if (const auto it = channels.find(channel); it != channels.end()) {
    receivers += it->second->listeners.size();
  }
  if (kind == ChannelKind::kExact) {
    for (const auto& [pattern, listeners] : channels_[Index(ChannelKind::kPattern)]) {
      if (GlobMatch(pattern, channel)) receivers += listeners->listeners.size();
    }
  }
  return receivers;
}

}  // namespace tideway::resp
