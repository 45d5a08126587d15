#include "libfaas/mqtt/outbox.hpp"

#include "libfaas/mqtt/encode.hpp"

#include <algorithm>

namespace faas::mqtt {

result<void> outbox::admit(size_t bytes) const {
  if (entries_.size() < limit_ && bytes_ + bytes <= byte_limit_)
    return {};
  return error{errc::overloaded,
               std::to_string(entries_.size()) + " messages of "
                 + std::to_string(bytes_) + " bytes wait for the MQTT broker",
               "publish again when the broker has taken some, or raise the "
               "bounds of the outgoing queue"};
}

publish_id outbox::add(uint16_t packet_id, std::string encoded) {
  bytes_ += encoded.size();
  entries_.push_back({++last_, packet_id, std::move(encoded)});
  return last_;
}

std::vector<std::string> outbox::take_unsent(time_point now, bool resumed) {
  std::vector<std::string> batch;
  for (; sent_ < entries_.size(); ++sent_) {
    auto& one = entries_[sent_];
    batch.push_back(one.encoded);
    if (one.sent_before && resumed)
      mark_duplicate(batch.back());
    one.sent_before = true;
    one.sent_at = now;
  }
  return batch;
}

publish_id outbox::acknowledge(uint16_t packet_id) {
  const auto end = entries_.begin() + static_cast<ptrdiff_t>(sent_);
  const auto at
    = std::find_if(entries_.begin(), end, [packet_id](const entry& one) {
        return one.packet_id == packet_id;
      });
  if (at == end)
    return 0;
  const auto id = at->id;
  bytes_ -= at->encoded.size();
  ids_.release(packet_id);
  entries_.erase(at);
  --sent_;
  return id;
}

void outbox::connection_lost() noexcept {
  sent_ = 0;
}

std::optional<time_point> outbox::waiting_since() const noexcept {
  if (sent_ == 0)
    return std::nullopt;
  return entries_.front().sent_at;
}

} // namespace faas::mqtt
