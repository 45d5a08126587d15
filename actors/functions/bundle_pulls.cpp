#include "actors/functions/bundle_pulls.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

/// A bulk connection says itself when it is lost; it may be slow.
constexpr auto patience = 3s, bulk_patience = 10s;
/// Answers of a link's length that may still come after bulk ones were asked
/// for.
constexpr int most_shorts
  = pull_window::by_link.window / pull_window::by_link.chunk;
/// With nobody else to ask, a node is asked more often.
constexpr int tries_alone = 5, tries_each = 2;

std::string short_name(const digest& id) {
  return id.hex().substr(0, 12);
}

} // namespace

void bundle_pulls::want(const digest& id, waiter done, const std::string& why,
                        std::shared_ptr<pull_progress> progress) {
  auto& one = downloads_[id];
  one.waiters.push_back(std::move(done));
  if (progress)
    one.watched.push_back(std::move(progress));
  if (one.waiters.size() > 1)
    return tell(one);
  one.why = why;
  one.began = deps_.clock->now();
  if (const auto here = deps_.store->progress(id); here.total > 0) {
    one.window = pull_window{here.received, here.total};
    if (here.received > 0) {
      one.sources.found_some();
      deps_.log("bundle " + short_name(id) + ": going on after "
                + std::to_string(here.received) + " of "
                + std::to_string(here.total) + " bytes");
    }
  }
  go_on(id, one);
}

/// Once the size is known.
void bundle_pulls::tell(const download& one) const {
  const auto total = one.window.total();
  if (!total)
    return;
  for (const auto& to : one.watched) {
    to->got = one.got;
    to->left = *total - std::min(*total, one.window.received());
    to->began_ns = one.began.time_since_epoch().count();
    to->heard_ns = one.heard.time_since_epoch().count();
    to->known = true;
  }
}

/// Chooses a node and asks it, until one can be asked. May end the download.
void bundle_pulls::go_on(const digest& id, download& one) {
  one.heard = deps_.clock->now();
  one.tries = 0;
  one.by_link = false;
  if (one.window.complete()) // all bytes were here already
    return finish(id, one);
  for (;;) {
    std::vector<bundles::candidate> now;
    for (const auto& peer : peers_)
      now.push_back({peer.node, peer.rtt ? peer.rtt() : duration{}});
    if (!one.sources.choose(now))
      return end(id, nobody(id, one));
    one.window.repeat();
    if (ask(id, one))
      return;
    one.sources.failed("not connected");
  }
}

bool bundle_pulls::ask(const digest& id, download& one) {
  const auto peer = std::find_if(
    peers_.begin(), peers_.end(), [&](const bundle_peer& known) {
      return known.node == one.sources.current();
    });
  if (peer == peers_.end())
    return false;
  const auto by = by_bulk(one, *peer) ? pull_window::by_bulk
                                      : pull_window::by_link;
  one.big = by.chunk > pull_window::chunk_bytes;
  while (const auto at = one.window.ask(by))
    if (!peer->ask(wire::bundle_request{id, *at, by.chunk}))
      return false;
  return true;
}

bool bundle_pulls::by_bulk(const download& one,
                           const bundle_peer& peer) const {
  return !one.by_link && peer.by_bulk && peer.by_bulk();
}

void bundle_pulls::bulk(const node_name& node, bool stands) {
  std::vector<digest> all;
  for (auto& [id, one] : downloads_)
    if (one.sources.current() == node) {
      one.by_link = false;
      all.push_back(id);
    }
  if (!stands)
    for (const auto& id : all)
      ask_again(id, downloads_.at(id));
}

void bundle_pulls::ask_again(const digest& id, download& one) {
  one.heard = deps_.clock->now();
  one.window.repeat();
  if (!ask(id, one))
    next(id, one, "not connected any more");
}

void bundle_pulls::next(const digest& id, download& one,
                        const std::string& why) {
  deps_.log("bundle " + short_name(id) + " from "
            + one.sources.current().value_or(node_name{"?"}).str() + ": "
            + why);
  if (one.sources.failed(why)) {
    if (auto upload = std::exchange(one.upload, nullptr))
      upload->discard();
    one.window = {};
  }
  go_on(id, one);
}

void bundle_pulls::arrived(const node_name& from,
                           const wire::bundle_chunk& chunk) {
  const auto found = downloads_.find(chunk.bundle);
  if (found == downloads_.end())
    return;
  const auto id = chunk.bundle;
  auto& one = found->second;
  if (one.sources.current() != from)
    return; // a late answer of one that was given up
  if (chunk.why.code != errc::ok)
    return next(id, one, chunk.why.message);
  const auto known = one.window.total();
  if (chunk.total == 0 || (known && *known != chunk.total)
      || chunk.bytes.size() > pull_window::by_bulk.chunk
      || chunk.offset > chunk.total
      || chunk.bytes.size() > chunk.total - chunk.offset
      || (chunk.bytes.empty() && chunk.offset < chunk.total))
    return next(id, one, "it sent what makes no sense");
  if (!one.window.take(chunk.offset, chunk.bytes.size(), chunk.total)) {
    if (one.window.mend() && !ask(id, one))
      next(id, one, "not connected any more");
    return;
  }
  if (chunk.bytes.size() != pull_window::chunk_bytes) {
    one.shorts = 0;
  } else if (one.big && ++one.shorts > most_shorts) {
    one.by_link = true; // it knows of no bulk connection
    one.window.repeat();
  }
  if (auto kept = keep(id, one, chunk); !kept)
    return end(id, kept.error());
  one.heard = deps_.clock->now();
  one.tries = 0;
  one.got += chunk.bytes.size();
  tell(one);
  if (one.window.complete())
    finish(id, one);
  else if (!ask(id, one))
    next(id, one, "not connected any more");
}

result<void> bundle_pulls::keep(const digest& id, download& one,
                                const wire::bundle_chunk& chunk) {
  if (!one.upload) {
    if (auto room = deps_.make_room(id, chunk.total - chunk.offset); !room)
      return room;
    auto upload = deps_.store->resume(id, chunk.offset, chunk.total);
    if (!upload)
      return error{upload.error().code == errc::conflict
                     ? errc::unavailable // somebody uploads it: later
                     : upload.error().code,
                   upload.error().message, upload.error().next_step};
    one.upload = std::move(*upload);
  }
  one.sources.gave();
  return one.upload->write(chunk.bytes);
}

void bundle_pulls::finish(const digest& id, download& one) {
  if (!one.upload) {
    const auto total = *one.window.total();
    auto upload = deps_.store->resume(id, total, total);
    if (!upload)
      return end(id, upload.error());
    one.upload = std::move(*upload);
  }
  const auto kept = one.upload->commit();
  if (!kept && kept.error().code == errc::digest_mismatch) {
    deps_.log("bundle " + short_name(id)
              + " came with wrong bytes; they were thrown away");
    one.upload.reset();
    one.window = {};
    one.sources.wrong();
    return go_on(id, one);
  }
  if (!kept)
    return end(id, kept.error());
  deps_.pulled(id, deps_.clock->now() - one.began);
  end(id, deps_.store->unpack(id));
}

error bundle_pulls::nobody(const digest& id, const download& one) const {
  auto text = one.why.empty() ? "bundle " + short_name(id) + " is not here"
                              : one.why;
  if (one.sources.reasons().empty())
    text += ", and no node that could have it is connected";
  else
    text += ", and no connected node could give it ("
            + one.sources.reasons() + ")";
  return {errc::unavailable, std::move(text),
          "deploy it again with faas-cli up, or wait for a node that has it"};
}

void bundle_pulls::peers(const bundle_peers& now) {
  peers_ = now.peers;
  std::vector<digest> orphaned;
  for (const auto& [id, one] : downloads_)
    if (std::none_of(peers_.begin(), peers_.end(), [&](const auto& peer) {
          return peer.node == one.sources.current();
        }))
      orphaned.push_back(id);
  for (const auto& id : orphaned)
    next(id, downloads_.at(id), "not connected any more");
}

void bundle_pulls::tick() {
  const auto now = deps_.clock->now();
  std::vector<digest> late;
  for (const auto& [id, one] : downloads_)
    if (now - one.heard >= patience_of(one))
      late.push_back(id);
  const auto allowed = peers_.size() > 1 ? tries_each : tries_alone;
  for (const auto& id : late) {
    auto& one = downloads_.at(id);
    if (++one.tries >= allowed) {
      next(id, one, "it does not answer");
      continue;
    }
    ask_again(id, one);
  }
}

duration bundle_pulls::patience_of(const download& one) const {
  for (const auto& peer : peers_)
    if (peer.node == one.sources.current() && by_bulk(one, peer))
      return bulk_patience;
  return patience;
}

void bundle_pulls::end(const digest& id, result<std::filesystem::path> outcome) {
  auto node = downloads_.extract(id);
  if (node.empty())
    return;
  node.mapped().upload.reset(); // gives it back before anybody asks again
  for (const auto& done : node.mapped().waiters)
    done(outcome);
}

} // namespace faas::actors
