#include "libfaas/wire/link_state.hpp"

#include <algorithm>

namespace faas::wire {
namespace {

using namespace std::chrono_literals;

/// How often events are checked for whether somebody still wants them.
constexpr duration scan_interval = 50ms;
/// How long an ack waits for something to travel with.
constexpr duration ack_delay = 1ms;
/// Pongs owed at a time; a peer that pings faster gets fewer.
constexpr size_t max_pongs = 64;

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

bool needs_no_credit(const message& what) noexcept {
  return std::holds_alternative<ping>(what)
         || std::holds_alternative<pong>(what)
         || std::holds_alternative<ack>(what)
         || std::holds_alternative<cancel>(what);
}

/// Bounds that would let a link stand still are mended.
link_options sane(link_options given) noexcept {
  given.frame_bytes
    = std::clamp(given.frame_bytes, 16 * limits::kib, limits::frame_bytes);
  given.max_head_bytes
    = std::min(given.max_head_bytes, given.frame_bytes / 4 * 3);
  return given;
}

} // namespace

bool link_kind(const message& what) noexcept {
  return std::holds_alternative<ping>(what)
         || std::holds_alternative<pong>(what)
         || std::holds_alternative<event_batch>(what)
         || std::holds_alternative<reply_batch>(what)
         || std::holds_alternative<ack>(what)
         || std::holds_alternative<cancel>(what)
         || std::holds_alternative<part>(what);
}

link_core::state::state(link_options given) : options_(sane(given)) {}

void link_core::state::enter(time_point now) {
  pulse_.called(now, rtt());
}

void link_core::state::settle(time_point now) {
  pulse_.set_busy(now, !sent_.empty() || meter_.unacknowledged() > 0);
}

void link_core::state::connect(time_point now, hello&& from) {
  // After peer_lost() nothing is left; else its outcome cannot be known.
  for (auto& failed : sent_.take("the connection was replaced", nullptr))
    failed.done(reply::failure(std::move(failed.why)));
  for (auto ticket : received_.reset())
    effects_.emplace_back(cancel_event{ticket});
  peer_ = std::move(from);
  body_bytes_
    = std::min(options_.max_body_bytes,
               wire::body_bytes(std::min(peer_.max_protocol, max_protocol)));
  connected_ = true;
  since_ = came_ = now;
  closed_ = ping_due_ = blocked_ = was_blocked_ = false;
  meter_.connected();
  pulse_.connected(now);
  outbox_.clear();
  pongs_.clear();
  cancels_.clear();
  received_sequence_ = received_bytes_ = acked_ = part_ = 0;
  parts_ = {};
}

result<uint64_t> link_core::state::submit(time_point now, invocation& event,
                                          completion& done) {
  const auto head = head_size(event);
  const auto bytes = event.body.size();
  if (bytes > body_bytes_ || head > options_.max_head_bytes)
    return {errc::too_large,
            "an event of " + std::to_string(head + bytes)
              + " bytes is too long to travel to another node",
            "at most " + std::to_string(body_bytes_)
              + " bytes of body and " + std::to_string(options_.max_head_bytes)
              + " of headers"};
  if (event.deadline <= now)
    return {errc::deadline_exceeded, "no time is left to send the event"};
  if (sent_.full()
      || sent_.queued_bytes() + head + bytes > options_.outbox_bytes) {
    ++stats_.refused;
    return {errc::overloaded, "too much waits for the node already",
            "repeat it elsewhere or later"};
  }
  const auto transfer = sent_.add(std::move(event), std::move(done), head);
  outbox_.add_event(transfer);
  return transfer;
}

void link_core::state::tick(time_point now) {
  switch (pulse_.judge(now, rtt())) {
  case heartbeat::verdict::nothing:
    break;
  case heartbeat::verdict::suspect:
    effects_.emplace_back(peer_suspect{pulse_.silence(now)});
    break;
  case heartbeat::verdict::silent:
    effects_.emplace_back(peer_silent{pulse_.silence(now)});
    break;
  }
  if (now < sent_.expires_at() && now - scanned_ < scan_interval)
    return;
  scanned_ = now;
  for (auto transfer : sent_.expire(now, stats_.expired))
    cancels_.push_back(transfer);
}

void link_core::state::close(std::string reason) {
  closed_ = true;
  effects_.emplace_back(close_link{std::move(reason)});
}

void link_core::state::receive(time_point now, std::string_view bytes) {
  auto got = decode_frame(bytes, options_.frame_bytes);
  if (!got)
    return close(got.error().message);
  ++stats_.frames_received;
  stats_.bytes_received += bytes.size();
  stats_.unknown_messages += got->unknown;
  if (pulse_.heard(now))
    effects_.emplace_back(peer_alive{});
  if (const auto sequence = got->sequence; sequence != 0) {
    if (sequence <= received_sequence_) {
      ++stats_.dropped_frames;
      return;
    }
    if (sequence != received_sequence_ + 1)
      return close("frame " + std::to_string(sequence) + " came after frame "
                   + std::to_string(received_sequence_) + ": frames were lost");
    if (!ack_owed())
      ack_at_ = now + ack_delay;
    else
      ack_at_ = now; // every second frame at once
    received_sequence_ = sequence;
    came_ = now;
    received_bytes_ += bytes.size();
  }
  for (auto& what : got->messages) {
    if (got->sequence == 0 && !needs_no_credit(what))
      return close("a " + std::string{name(what)}
                   + " message came without credit");
    if (!take(now, std::move(what)))
      return;
  }
}

bool link_core::state::take(time_point now, message&& what) {
  return std::visit(
    overloaded{[&](ping& got) {
                 if (pongs_.size() < max_pongs)
                   pongs_.push_back(got.sequence);
                 return true;
               },
               [&](pong& got) {
                 meter_.pong_received(now, got.sequence);
                 return true;
               },
               [&](ack& got) {
                 const auto sane = meter_.ack_received(got);
                 if (!sane)
                   close("the peer acknowledges frames that were never sent");
                 return sane;
               },
               [&](wire::cancel& got) { return take_cancel(got); },
               [&](event_batch& got) {
                 return std::all_of(got.fragments.begin(), got.fragments.end(),
                                    [&](event_fragment& piece) {
                                      return take_event(now, std::move(piece));
                                    });
               },
               [&](reply_batch& got) {
                 return std::all_of(got.fragments.begin(), got.fragments.end(),
                                    [&](reply_fragment& piece) {
                                      return take_reply(std::move(piece));
                                    });
               },
               [&](part& got) { return take_part(got); },
               [&](auto&) {
                 effects_.emplace_back(deliver_control{std::move(what)});
                 return true;
               }},
    what);
}

bool link_core::state::take_event(time_point now, event_fragment&& piece) {
  using kind = received_events::outcome::kind;
  const auto transfer = piece.transfer;
  const auto transit
    = meter_.rtt().known() ? meter_.rtt().least() / 2 : duration{};
  auto got = received_.fragment_received(now, std::move(piece), transit);
  switch (got.what) {
  case kind::taken:
    break;
  case kind::whole:
    ++stats_.events_received;
    effects_.emplace_back(deliver_event{got.ticket, std::move(got.event)});
    break;
  case kind::refused:
    ++stats_.refused;
    outbox_.add_reply(transfer, reply::failure(std::move(got.why)),
                      body_bytes_);
    break;
  case kind::dropped:
    ++stats_.dropped_fragments;
    break;
  case kind::broken:
    close("the pieces of an event do not fit together");
    return false;
  }
  return true;
}

bool link_core::state::take_reply(reply_fragment&& piece) {
  using verdict = sent_events::verdict;
  switch (sent_.reply_received(std::move(piece))) {
  case verdict::taken:
    break;
  case verdict::answered:
    ++stats_.replies_received;
    break;
  case verdict::unwanted:
    ++stats_.dropped_replies;
    break;
  case verdict::broken:
    close("the pieces of a reply do not fit together");
    return false;
  }
  return true;
}

bool link_core::state::take_cancel(const wire::cancel& what) {
  for (auto transfer : what.transfers)
    if (const auto ticket = received_.cancelled(transfer))
      effects_.emplace_back(cancel_event{*ticket});
  return true;
}

bool link_core::state::take_part(const part& piece) {
  if (piece.offset == 0 && piece.total <= options_.max_control_bytes) {
    part_ = piece.transfer;
    parts_ = joiner{piece.total};
  }
  auto step = joiner::step::broken;
  if (piece.transfer == part_ && piece.total == parts_.total())
    step = parts_.add(piece.offset, std::string{piece.bytes},
                      piece.offset + piece.bytes.size() == piece.total);
  if (step == joiner::step::broken) {
    close("the parts of a message do not fit together");
    return false;
  }
  if (step == joiner::step::more)
    return true;
  part_ = 0;
  auto whole = decode_message(parts_.take());
  parts_ = {};
  if (whole && !link_kind(*whole))
    effects_.emplace_back(deliver_control{std::move(*whole)});
  else if (!whole && whole.error().code == errc::not_found)
    ++stats_.unknown_messages;
  else {
    close("a message in parts cannot be decoded");
    return false;
  }
  return true;
}

} // namespace faas::wire
