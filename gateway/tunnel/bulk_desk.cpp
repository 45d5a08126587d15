#include "gateway/tunnel/bulk_desk.hpp"

#include "gateway/tls/context.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace faas::tunnel {

bulk_desk::bulk_desk(bulk_desk_deps deps)
  : deps_(std::move(deps)), random_(deps_.seed) {}

// -- any thread ---------------------------------------------------------------

void bulk_desk::serve(std::optional<handlers> to) {
  {
    const std::lock_guard lock{mutex_};
    self_ = to ? to->self : boot_id{};
  }
  const std::lock_guard lock{serving_};
  handlers_ = std::move(to);
}

void bulk_desk::want(const bulk_peer& peer) {
  const std::lock_guard lock{mutex_};
  if (stopped_)
    return;
  auto& line = lines_[peer.node];
  if (line.peer.boot != peer.boot) { // another process
    if (line.channel)
      close_later(std::move(line.channel), "the node has started again");
    line = {};
  }
  line.peer = peer;
  net::post(deps_.loop, [this] { dial_due(); });
}

void bulk_desk::forget(const node_name& node) {
  const std::lock_guard lock{mutex_};
  const auto found = lines_.find(node);
  if (found == lines_.end())
    return;
  if (found->second.channel)
    close_later(std::move(found->second.channel), "the link has ended");
  lines_.erase(found);
}

bool bulk_desk::carries(const node_name& node) const {
  const std::lock_guard lock{mutex_};
  const auto found = lines_.find(node);
  return found != lines_.end() && found->second.channel;
}

bool bulk_desk::send(const node_name& to, bulk_topic topic,
                     std::string message) {
  std::shared_ptr<bulk_gate> gate;
  {
    const std::lock_guard lock{mutex_};
    const auto found = lines_.find(to);
    if (found != lines_.end() && found->second.channel)
      gate = found->second.channel->gate();
  }
  const auto size = message.size();
  if (!gate || size == 0 || size > max_message
      || gate->waiting + size > max_waiting) {
    ++dropped_;
    return false;
  }
  gate->waiting += size;
  // std::function wants to be copied, a message does not.
  auto shared
    = std::make_shared<bulk::line::message>(topic, std::move(message));
  gate->run([shared](bulk_channel& on) { on.push(std::move(*shared)); });
  return true;
}

std::vector<std::shared_ptr<bulk_channel>> bulk_desk::channels() const {
  std::vector<std::shared_ptr<bulk_channel>> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [node, line] : lines_)
    if (line.channel)
      all.push_back(line.channel);
  return all;
}

// -- dialling -----------------------------------------------------------------

void bulk_desk::dial_due() {
  const auto now = deps_.clock.now();
  std::vector<bulk_peer> due;
  {
    const std::lock_guard lock{mutex_};
    for (auto& [node, line] : lines_)
      if (!line.peer.address.empty() && !line.channel && !line.dialling
          && now >= line.next && !stopped_ && !self_.empty()) {
        line.dialling = true;
        due.push_back(line.peer);
      }
  }
  for (const auto& peer : due)
    dial(peer);
}

void bulk_desk::dial(const bulk_peer& to) {
  call_to what;
  what.address = to.address;
  what.protocol = tls::alpn_bulk;
  {
    const std::lock_guard lock{mutex_};
    what.greeting = bulk::encode_hello(self_);
  }
  what.keep = [this, to](std::shared_ptr<tls_stream> stream,
                         trust::certificate_facts who, std::string early) {
    return keep(to, std::move(stream), std::move(who), std::move(early));
  };
  deps_.dial(std::move(what), [this, to](result<peer_links::opened> outcome) {
    dialled(to, outcome);
  });
}

void bulk_desk::dialled(const bulk_peer& to,
                        const result<peer_links::opened>& outcome) {
  std::string news;
  {
    const std::lock_guard lock{mutex_};
    const auto found = lines_.find(to.node);
    if (found == lines_.end() || found->second.peer.boot != to.boot)
      return;
    auto& line = found->second;
    line.dialling = false;
    if (outcome)
      return;
    call_later(line, {});
    const auto why = outcome.error().message;
    if (std::exchange(line.told, why) != why)
      news = why;
  }
  if (!news.empty())
    deps_.log("no bulk connection to " + to.node.str() + " (" + news
              + "): bundles go over the link; trying again with back-off");
}

void bulk_desk::call_later(line_to& line, duration stood) {
  if (stood >= lasting)
    line.pause_ms = first_pause_ms;
  line.next = deps_.clock.now()
              + from_ms(line.pause_ms * (0.5 + random_.uniform()));
  line.pause_ms = std::min(2 * line.pause_ms, longest_pause_ms);
}

// -- connections --------------------------------------------------------------

result<uint64_t> bulk_desk::keep(const bulk_peer& expected,
                                 std::shared_ptr<tls_stream> stream,
                                 trust::certificate_facts who,
                                 std::string early) {
  if (who.identity.node != expected.node)
    return error{errc::conflict,
                 "node " + who.identity.node.str() + " answers there now"};
  {
    const std::lock_guard lock{mutex_};
    const auto found = lines_.find(expected.node);
    if (stopped_ || found == lines_.end()
        || found->second.peer.boot != expected.boot)
      return error{errc::unavailable, "the link has ended"};
    found->second.told.clear();
  }
  attach(expected.node, std::move(stream), std::move(who), std::move(early));
  return uint64_t{0};
}

/// A copy of a node's disk has its certificate, but no link.
result<void> bulk_desk::may_have(const trust::certificate_facts& who,
                                 const boot_id& boot) const {
  const std::lock_guard lock{mutex_};
  const auto found = lines_.find(who.identity.node);
  if (stopped_ || found == lines_.end() || found->second.peer.boot != boot)
    return error{errc::forbidden,
                 "no link with this process of " + who.identity.node.str()
                   + " stands"};
  return {};
}

void bulk_desk::accept(std::shared_ptr<tls_stream> stream,
                       trust::certificate_facts who) {
  const auto node = who.identity.node;
  attach(node, std::move(stream), std::move(who), {});
}

/// The newest connection counts: its peer knows that the former one is over.
void bulk_desk::attach(const node_name& node,
                       std::shared_ptr<tls_stream> stream,
                       trust::certificate_facts who, std::string early) {
  auto made = std::make_shared<bulk_channel>(
    deps_.loop, std::move(stream), std::move(who), deps_.clock, deps_.line,
    totals_, std::move(early),
    bulk_channel::events{
      [this](bulk_channel& from, bulk::line::message one) {
        arrived(from, std::move(one));
      },
      [this](bulk_channel& one, const std::string& why) { ended(one, why); }});
  made->open();
  std::shared_ptr<bulk_channel> former;
  {
    const std::lock_guard lock{mutex_};
    const auto found = lines_.find(node);
    if (stopped_ || found == lines_.end())
      return; // the stream closes itself
    former = std::exchange(found->second.channel, made);
  }
  if (former)
    former->close("replaced");
  tell(node, true);
  made->start();
}

void bulk_desk::arrived(bulk_channel& from, bulk::line::message one) {
  ++totals_->messages;
  const auto size = one.bytes.size();
  // Whoever has the message may outlive the channel.
  std::shared_ptr<void> room{nullptr, [gate = from.gate(), size](void*) {
                               gate->run([size](bulk_channel& on) {
                                 on.consumed(size);
                               });
                             }};
  const std::lock_guard lock{serving_};
  if (handlers_ && one.topic == bulk_topic::bundle)
    handlers_->arrived({from.who().identity.node, one.topic,
                        std::move(one.bytes), std::move(room)});
}

void bulk_desk::ended(bulk_channel& one, const std::string& why) {
  const auto& node = one.who().identity.node;
  bool lost = false;
  {
    const std::lock_guard lock{mutex_};
    const auto found = lines_.find(node);
    if (found != lines_.end() && found->second.channel.get() == &one) {
      found->second.channel.reset();
      call_later(found->second, deps_.clock.now() - one.since());
      lost = true;
    }
  }
  if (why.starts_with("the peer ")) // misbehaves; ordinary ends are no news
    deps_.log("bulk connection to " + node.str() + " closed: " + why);
  if (lost)
    tell(node, false);
}

void bulk_desk::tell(const node_name& node, bool stands) {
  const std::lock_guard lock{serving_};
  if (handlers_)
    handlers_->changed(node, stands);
}

/// With the mutex held: its end comes back here.
void bulk_desk::close_later(std::shared_ptr<bulk_channel> one,
                            std::string why) {
  net::post(deps_.loop, [this, one = std::move(one), why = std::move(why)] {
    one->close(why);
    tell(one->who().identity.node, false);
  });
}

void bulk_desk::tick() {
  for (const auto& one : channels()) {
    one->check();
    if (const auto still = deps_.admit(one->who()); !still)
      one->close(still.error().message);
  }
  dial_due();
}

void bulk_desk::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }
  for (const auto& one : channels())
    one->close("this node is stopping");
  const std::lock_guard lock{mutex_};
  lines_.clear();
}

} // namespace faas::tunnel
