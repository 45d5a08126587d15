#include "libfaas/wire/sent_events.hpp"

#include <algorithm>

namespace faas::wire {

uint64_t sent_events::add(invocation&& event, completion&& done,
                          size_t head_bytes) {
  auto& what = table_.try_emplace(++last_).first->second;
  what.event = std::move(event);
  what.done = std::move(done);
  what.head_bytes = head_bytes;
  queued_bytes_ += what.queued_bytes();
  expires_at_ = std::min(expires_at_, limit(what));
  return last_;
}

uint64_t sent_events::renumber(uint64_t transfer) {
  auto node = table_.extract(transfer);
  if (!node)
    return 0;
  node.key() = ++last_;
  node.mapped().before = transfer;
  renumbered_[transfer] = last_;
  table_.insert(std::move(node));
  return last_;
}

uint64_t sent_events::present(uint64_t transfer) const noexcept {
  const auto at = renumbered_.find(transfer);
  return at == renumbered_.end() ? transfer : at->second;
}

sent_event* sent_events::find(uint64_t transfer) noexcept {
  const auto at = table_.find(transfer);
  return at == table_.end() ? nullptr : &at->second;
}

void sent_events::piece_written(sent_event& what, size_t bytes) noexcept {
  queued_bytes_ -= what.queued_bytes();
  what.begun = true;
  what.offset += bytes;
  what.written = what.offset == what.event.body.size();
  queued_bytes_ += what.queued_bytes();
}

sent_events::table::node_type
sent_events::release(table::iterator at) noexcept {
  auto node = table_.extract(at);
  const auto& what = node.mapped();
  queued_bytes_ -= what.queued_bytes();
  if (what.before != 0)
    renumbered_.erase(what.before);
  if (what.answer)
    partial_.give_back(what.answer->body.total());
  if (table_.empty())
    expires_at_ = time_point::max();
  return node;
}

sent_events::verdict sent_events::reply_received(reply_fragment&& piece) {
  const auto at = table_.find(piece.transfer);
  if (at == table_.end() || !at->second.begun)
    return verdict::unwanted;
  auto& what = at->second;
  if (piece.offset == 0) {
    if (what.answer)
      return verdict::unwanted;
    const auto in_pieces = !piece.last;
    if (piece.total > options_.max_body_bytes
        || (in_pieces && !partial_.take(piece.total))) {
      auto failure = reply::failure(
        {errc::overloaded,
         "the function ran, but its reply of " + std::to_string(piece.total)
           + " bytes is over this link's bounds",
         "return less, or fewer at a time"});
      failure.started = piece.head.started;
      release(at).mapped().done(std::move(failure));
      return verdict::answered;
    }
    if (!in_pieces) {
      if (piece.body.size() != piece.total)
        return verdict::broken;
      piece.head.body = blob{std::move(piece.body)};
      release(at).mapped().done(std::move(piece.head));
      return verdict::answered;
    }
    what.answer = std::make_unique<partial_reply>(
      partial_reply{std::move(piece.head), joiner{piece.total}});
  } else if (!what.answer) {
    return verdict::unwanted;
  }
  const auto step
    = what.answer->body.add(piece.offset, std::move(piece.body), piece.last);
  if (step == joiner::step::broken)
    return verdict::broken;
  if (step == joiner::step::more)
    return verdict::taken;
  auto answer = std::move(what.answer->head);
  answer.body = blob{what.answer->body.take()};
  release(at).mapped().done(std::move(answer));
  return verdict::answered;
}

bool sent_events::answer(uint64_t transfer, reply&& with) {
  const auto at = table_.find(transfer);
  if (at == table_.end())
    return false;
  auto what = release(at);
  what.mapped().done(std::move(with));
  return what.mapped().begun;
}

std::vector<uint64_t> sent_events::expire(time_point now, uint64_t& expired) {
  std::vector<uint64_t> late, written;
  expires_at_ = time_point::max();
  for (const auto& [transfer, what] : table_) {
    if (limit(what) <= now || !what.done.wanted())
      late.push_back(transfer);
    else
      expires_at_ = std::min(expires_at_, limit(what));
  }
  for (auto transfer : late) {
    expired += limit(table_.at(transfer)) <= now ? 1 : 0;
    if (answer(transfer,
               reply::failure({errc::deadline_exceeded,
                               "the other node did not answer in time",
                               "raise the function's timeout or its slots"})))
      written.push_back(transfer);
  }
  return written;
}

std::vector<failed_transfer>
sent_events::take(std::string_view reason,
                  const std::function<bool(const invocation&)>& which,
                  std::vector<uint64_t>* written) {
  std::vector<uint64_t> picked;
  for (const auto& [transfer, what] : table_)
    if (!which || which(what.event))
      picked.push_back(transfer);
  std::sort(picked.begin(), picked.end());
  std::vector<failed_transfer> failed;
  failed.reserve(picked.size());
  for (auto transfer : picked) {
    auto node = release(table_.find(transfer));
    auto& what = node.mapped();
    if (what.begun && written)
      written->push_back(transfer);
    auto why = what.begun
                 ? error{errc::outcome_unknown,
                         std::string{reason} + "; the event may have run",
                         "repeat it if that does no harm, or declare the "
                         "function idempotent"}
                 : error{errc::unavailable,
                         std::string{reason} + "; the event was not sent",
                         "repeat it"};
    failed.push_back({std::move(what.event), std::move(what.done), what.begun,
                      std::move(why)});
  }
  return failed;
}

} // namespace faas::wire
