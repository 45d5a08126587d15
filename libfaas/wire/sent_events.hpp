// The events that the peer owes an answer. Private to this folder.
#pragma once

#include "libfaas/wire/joiner.hpp"
#include "libfaas/wire/link_types.hpp"

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace faas::wire {

/// A reply that comes in pieces.
struct partial_reply {
  reply head;
  joiner body;
};

/// One event from submit to answer. The body is shared, so that keeping the
/// event for a retry costs no copy.
struct sent_event {
  invocation event;
  completion done;
  size_t head_bytes = 0; ///< upper bound of the encoded head
  uint64_t offset = 0;   ///< body bytes written
  bool begun = false;    ///< something of it was written
  bool written = false;  ///< all of it was written
  uint64_t before = 0;   ///< its id before renumber(); 0: the same
  std::unique_ptr<partial_reply> answer; ///< null unless begun in pieces

  /// What it takes of the outbox.
  size_t queued_bytes() const noexcept {
    return written ? 0 : head_bytes + event.body.size() - offset;
  }
};

/// In-flight table. Every event leaves it exactly once: answered here, or
/// given back.
class sent_events {
public:
  explicit sent_events(const link_options& options)
    : options_(options), partial_(options.partial_bytes) {}

  bool full() const noexcept { return table_.size() >= options_.max_in_flight; }
  bool empty() const noexcept { return table_.empty(); }
  size_t size() const noexcept { return table_.size(); }
  size_t partial_bytes() const noexcept { return partial_.used(); }
  size_t queued_bytes() const noexcept { return queued_bytes_; }

  /// Its transfer id; ids increase, also over connections. `head_bytes`: upper
  /// bound of the encoded head.
  uint64_t add(invocation&& event, completion&& done, size_t head_bytes);
  /// The peer takes new events in the order of their ids: one that others have
  /// overtaken gets another one. 0 when it was answered meanwhile.
  uint64_t renumber(uint64_t transfer);
  /// The id that it has now.
  uint64_t present(uint64_t transfer) const noexcept;
  /// Null when it was answered meanwhile.
  sent_event* find(uint64_t transfer) noexcept;
  /// A piece was written: `bytes` of the body.
  void piece_written(sent_event& what, size_t bytes) noexcept;

  enum class verdict : uint8_t { taken, answered, unwanted, broken };
  verdict reply_received(reply_fragment&& piece);

  /// Answers one event and forgets it; the return value tells whether
  /// something of it was written, so that the peer must be told.
  bool answer(uint64_t transfer, reply&& with);
  /// Answers what is past its deadline and drops what nobody wants; gives the
  /// ids of which something was written.
  std::vector<uint64_t> expire(time_point now, uint64_t& expired);
  /// When expire() is wanted; never late, maybe early.
  time_point expires_at() const noexcept { return expires_at_; }

  /// Takes out the events that `which` picks, the oldest first.
  std::vector<failed_transfer>
  take(std::string_view reason,
       const std::function<bool(const invocation&)>& which,
       std::vector<uint64_t>* written = nullptr);

private:
  using table = std::unordered_map<uint64_t, sent_event>;
  table::node_type release(table::iterator at) noexcept;
  time_point limit(const sent_event& what) const noexcept {
    return what.event.deadline + options_.deadline_grace;
  }

  const link_options& options_;
  table table_;
  uint64_t last_ = 0; ///< transfer id given
  std::unordered_map<uint64_t, uint64_t> renumbered_; ///< former: present
  byte_budget partial_; ///< replies that come in pieces
  size_t queued_bytes_ = 0;
  time_point expires_at_ = time_point::max();
};

} // namespace faas::wire
