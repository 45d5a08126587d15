#include "libfaas/wire/outbox.hpp"

#include <algorithm>
#include <optional>

namespace faas::wire {
namespace {

/// A turn is never cut shorter than this; less is not worth its overhead.
constexpr size_t least_piece = 512;
/// Bodies up to this go out in one turn also on the slowest link.
constexpr size_t least_quantum = 4 * limits::kib;

/// Bytes of the body that go into this turn, or nothing when it must wait for
/// the next frame. `head` counts only with the first piece.
std::optional<size_t> piece(size_t left, size_t head, size_t used,
                            size_t budget, size_t limit, size_t quantum,
                            bool first) {
  const auto fixed = used + head + fragment_overhead;
  // The first of a frame may go over the aim, else a long head never leaves.
  const auto wanted = fixed + std::min(left, least_piece);
  const auto space = first ? std::min(limit, std::max(budget, wanted)) : budget;
  if (fixed > space)
    return std::nullopt;
  const auto bytes = std::min({left, space - fixed, quantum});
  if (bytes < left && bytes < least_piece)
    return std::nullopt;
  return bytes;
}

} // namespace

void outbox::clear() noexcept {
  turns_.clear();
  parked_.clear();
  control_.clear();
  control_offset_ = reply_bytes_ = control_bytes_ = in_pieces_ = 0;
}

void outbox::add_reply(uint64_t transfer, reply&& answer, size_t max_body) {
  auto head = head_size(answer);
  const auto refuse = [&](errc code, std::string message) {
    auto failure = reply::failure(
      {code, std::move(message), "return less, or fewer at a time"});
    failure.started = answer.started;
    failure.times = answer.times;
    failure.site = answer.site.substr(0, 256);
    failure.version = answer.version;
    answer = std::move(failure);
    head = head_size(answer);
  };
  if (head > options_.max_head_bytes || answer.body.size() > max_body)
    refuse(errc::too_large, "the function ran, but its reply of "
                              + std::to_string(head + answer.body.size())
                              + " bytes is too long to travel between nodes");
  else if (reply_bytes_ + head + answer.body.size() > options_.reply_bytes)
    refuse(errc::overloaded,
           "the function ran, but too many replies wait for the other node");
  reply_bytes_ += head + answer.body.size();
  auto waiting = std::make_unique<waiting_reply>();
  waiting->answer = std::move(answer);
  waiting->head_bytes = head;
  turns_.push_back({transfer, std::move(waiting)});
}

result<void> outbox::add_control(std::string&& encoded) {
  if (encoded.size() > options_.max_control_bytes)
    return {errc::too_large, "a control message of "
                               + std::to_string(encoded.size())
                               + " bytes; at most "
                               + std::to_string(options_.max_control_bytes)};
  if (control_bytes_ + encoded.size() > options_.control_bytes)
    return {errc::overloaded, "too many control messages wait for the node",
            "repeat it later"};
  control_bytes_ += encoded.size();
  control_.push_back(std::move(encoded));
  return {};
}

bool outbox::fill(frame_writer& frame, size_t budget, size_t limit,
                  time_point now, sent_events& events, link_stats& stats) {
  const room space{budget, limit, std::max(least_quantum, budget / 4)};
  auto written = write_control(frame, space);
  while (!turns_.empty()) {
    auto what = std::move(turns_.front());
    turns_.pop_front();
    const auto before = frame.size();
    const auto step = what.reply
                        ? write_reply(frame, space, !written, what, stats)
                        : write_event(frame, space, !written, what, now, events,
                                      stats);
    written = written || frame.size() != before;
    switch (step) {
    case progress::done:
      release(what, events);
      break;
    case progress::more:
      turns_.push_back(std::move(what));
      break;
    case progress::parked:
      break;
    case progress::no_room:
      turns_.push_front(std::move(what));
      return written;
    }
  }
  return written;
}

bool outbox::admit(turn& what, size_t body) noexcept {
  if (what.in_pieces > 0)
    return true;
  const bool room = in_pieces_ == 0
                    || in_pieces_ + body <= options_.in_pieces_bytes;
  if (!room || !parked_.empty())
    return false;
  what.in_pieces = body;
  in_pieces_ += body;
  return true;
}

void outbox::park(turn&& what, size_t body) {
  parked_.push_back({std::move(what), body});
}

void outbox::release(const turn& what, sent_events& events) {
  in_pieces_ -= what.in_pieces;
  while (!parked_.empty()) {
    auto& next = parked_.front();
    if (in_pieces_ > 0 && in_pieces_ + next.body > options_.in_pieces_bytes)
      return;
    if (!next.what.reply)
      next.what.transfer = events.renumber(next.what.transfer);
    if (next.what.transfer != 0) { // else it was answered meanwhile
      next.what.in_pieces = next.body;
      in_pieces_ += next.body;
      turns_.push_back(std::move(next.what));
    }
    parked_.pop_front();
  }
}

bool outbox::write_control(frame_writer& frame, const room& space) {
  // Alone it may fill the frame, beside events it gets one turn's share.
  const auto share = turns_.empty() ? space.budget : space.quantum;
  size_t used = 0;
  auto written = false;
  while (!control_.empty() && used < share) {
    auto& front = control_.front();
    const auto bytes = piece(front.size() - control_offset_, 0, frame.size(),
                             space.budget, space.limit, share, !written);
    if (!bytes)
      break;
    if (control_offset_ == 0 && *bytes == front.size())
      frame.add_encoded(front);
    else
      frame.add(part{control_offset_ == 0 ? ++part_ : part_, control_offset_,
                     front.size(), front.substr(control_offset_, *bytes)});
    written = true;
    used += *bytes;
    control_bytes_ -= *bytes;
    control_offset_ += *bytes;
    if (control_offset_ == front.size()) {
      control_.pop_front();
      control_offset_ = 0;
    }
  }
  return written;
}

outbox::progress outbox::write_event(frame_writer& frame, const room& space,
                                     bool first, turn& mine, time_point now,
                                     sent_events& events, link_stats& stats) {
  auto* what = events.find(mine.transfer);
  if (!what)
    return progress::done; // cancelled or answered meanwhile
  const auto remaining = what->event.deadline - now;
  if (!what->begun && remaining <= duration{})
    return progress::done; // the in-flight table answers it
  const auto bytes = piece(what->event.body.size() - what->offset,
                           what->begun ? 0 : what->head_bytes, frame.size(),
                           space.budget, space.limit, space.quantum, first);
  if (!bytes)
    return progress::no_room;
  const auto whole = what->event.body.size();
  if (*bytes < whole && !admit(mine, whole)) {
    park(std::move(mine), whole);
    return progress::parked;
  }
  frame.add_event(mine.transfer, what->event, what->offset,
                  what->event.body.view().substr(what->offset, *bytes),
                  remaining);
  events.piece_written(*what, *bytes);
  if (!what->written)
    return progress::more;
  ++stats.events_sent;
  return progress::done;
}

outbox::progress outbox::write_reply(frame_writer& frame, const room& space,
                                     bool first, turn& what,
                                     link_stats& stats) {
  auto& waiting = *what.reply;
  const auto& body = waiting.answer.body;
  const auto bytes = piece(body.size() - waiting.offset,
                           waiting.begun ? 0 : waiting.head_bytes, frame.size(),
                           space.budget, space.limit, space.quantum, first);
  if (!bytes)
    return progress::no_room;
  if (*bytes < body.size() && !admit(what, body.size())) {
    const auto whole = body.size();
    park(std::move(what), whole);
    return progress::parked;
  }
  frame.add_reply(what.transfer, waiting.answer, waiting.offset,
                  body.view().substr(waiting.offset, *bytes));
  reply_bytes_ -= *bytes + (waiting.begun ? 0 : waiting.head_bytes);
  waiting.begun = true;
  waiting.offset += *bytes;
  if (waiting.offset < body.size())
    return progress::more;
  ++stats.replies_sent;
  return progress::done;
}

} // namespace faas::wire
