#include "libfaas/wire/received_events.hpp"

#include <algorithm>

namespace faas::wire {
namespace {

/// Transfer ids leave room for the connection's number in a ticket.
constexpr uint64_t max_transfer = (uint64_t{1} << 48) - 1;

using kind = received_events::outcome::kind;

received_events::outcome refuse(errc code, std::string message,
                                std::string next_step) {
  return {
    kind::refused, 0, {}, {code, std::move(message), std::move(next_step)}};
}

} // namespace

std::vector<uint64_t> received_events::reset() {
  std::vector<uint64_t> tickets(running_.begin(), running_.end());
  std::sort(tickets.begin(), tickets.end());
  running_.clear();
  partials_.clear();
  partial_ = byte_budget{options_.partial_bytes};
  connection_ = (connection_ + 1) & 0xffff;
  highest_ = 0;
  return tickets;
}

received_events::outcome
received_events::fragment_received(time_point now, event_fragment&& piece,
                                   duration transit) {
  if (piece.offset == 0)
    return begin(now, std::move(piece), transit);
  const auto at = partials_.find(piece.transfer);
  if (at == partials_.end())
    return {kind::dropped, 0, {}, {}};
  auto& known = at->second;
  const auto step
    = known.body.add(piece.offset, std::move(piece.body), piece.last);
  if (step == joiner::step::broken)
    return {kind::broken, 0, {}, {}};
  if (step == joiner::step::more)
    return {kind::taken, 0, {}, {}};
  auto whole = std::move(known);
  partials_.erase(at);
  partial_.give_back(whole.body.total());
  return deliver(piece.transfer, std::move(whole.first.head), whole.body.take(),
                 now, whole.deadline);
}

received_events::outcome received_events::begin(time_point now,
                                                event_fragment&& piece,
                                                duration transit) {
  const auto transfer = piece.transfer;
  if (transfer == 0 || transfer > max_transfer
      || piece.body.size() > piece.total
      || piece.last != (piece.body.size() == piece.total))
    return {kind::broken, 0, {}, {}};
  if (transfer <= highest_)
    return {kind::dropped, 0, {}, {}};
  highest_ = transfer;
  if (piece.total > options_.max_body_bytes)
    return refuse(
      errc::too_large,
      "a body of " + std::to_string(piece.total) + " bytes; at most "
        + std::to_string(options_.max_body_bytes) + " travel between nodes",
      "send less");
  if (running_.size() + partials_.size() >= options_.max_running)
    return refuse(errc::overloaded, "the node runs too many events already",
                  "repeat it later");
  const auto remaining = std::clamp<duration>(
    piece.remaining - transit, duration{}, limits::max_event_timeout);
  if (piece.last)
    return deliver(transfer, std::move(piece.head), std::move(piece.body), now,
                   now + remaining);
  if (!partial_.take(piece.total))
    return refuse(errc::overloaded,
                  "too many bodies are being received at once",
                  "repeat it later");
  partial held{std::move(piece), joiner{piece.total}, now + remaining};
  // In range, as checked above.
  (void)held.body.add(0, std::move(held.first.body), false);
  partials_.emplace(transfer, std::move(held));
  return {kind::taken, 0, {}, {}};
}

received_events::outcome received_events::deliver(uint64_t transfer,
                                                  invocation&& event,
                                                  std::string&& body,
                                                  time_point now,
                                                  time_point deadline) {
  event.body = blob{std::move(body)};
  event.accepted = now;
  event.deadline = deadline;
  running_.insert(ticket(transfer));
  return {kind::whole, ticket(transfer), std::move(event), {}};
}

std::optional<uint64_t> received_events::cancelled(uint64_t transfer) {
  if (const auto at = partials_.find(transfer); at != partials_.end()) {
    partial_.give_back(at->second.body.total());
    partials_.erase(at);
    return std::nullopt;
  }
  if (running_.erase(ticket(transfer)) == 0)
    return std::nullopt;
  return ticket(transfer);
}

std::optional<uint64_t> received_events::answered(uint64_t ticket) {
  if (running_.erase(ticket) == 0)
    return std::nullopt;
  return ticket & max_transfer;
}

} // namespace faas::wire
