#include "libfaas/mqtt/interests.hpp"

#include "libfaas/mqtt/limits.hpp"
#include "libfaas/mqtt/topic.hpp"

#include <algorithm>

namespace faas::mqtt {

result<void> interests::add(const std::vector<subscription>& wanted) {
  auto next = wanted_;
  for (const auto& one : wanted) {
    if (!valid_filter(one.filter))
      return error{errc::invalid_argument,
                   "MQTT topic filter \"" + one.filter + "\" is not valid",
                   "use + for one whole level and # only as the last level"};
    if (one.qos == qos::exactly_once)
      return error{errc::invalid_argument,
                   "MQTT subscription \"" + one.filter + "\" asks for QoS 2",
                   "subscribe with QoS 0 or 1"};
    next.insert_or_assign(one.filter, one.qos);
  }
  if (next.size() > limits::filters)
    return error{errc::too_large,
                 std::to_string(next.size())
                   + " MQTT topic filters are over the limit of "
                   + std::to_string(limits::filters),
                 "use wildcards"};
  wanted_ = std::move(next);
  return {};
}

void interests::remove(const std::vector<std::string>& filters) {
  for (const auto& filter : filters)
    wanted_.erase(filter);
}

std::vector<packet> interests::request(const std::vector<subscription>& some,
                                       time_point now) {
  std::vector<packet> packets;
  for (size_t at = 0; at < some.size(); at += limits::filters_per_packet) {
    const auto id = ids_.take();
    if (!id)
      break; // 65,535 open requests: their deadline ends this connection
    const auto count = std::min(limits::filters_per_packet, some.size() - at);
    const auto first = some.begin() + static_cast<ptrdiff_t>(at);
    subscribe_packet ask{*id, {first, first + static_cast<ptrdiff_t>(count)}};
    auto& open = open_[*id];
    open = {packet_type::suback, {}, now};
    for (const auto& one : ask.subscriptions)
      open.filters.push_back(one.filter);
    packets.emplace_back(std::move(ask));
  }
  return packets;
}

std::vector<packet> interests::withdraw(const std::vector<std::string>& filters,
                                        time_point now) {
  std::vector<packet> packets;
  for (size_t at = 0; at < filters.size(); at += limits::filters_per_packet) {
    const auto id = ids_.take();
    if (!id)
      break;
    const auto count
      = std::min(limits::filters_per_packet, filters.size() - at);
    const auto first = filters.begin() + static_cast<ptrdiff_t>(at);
    unsubscribe_packet ask{*id, {first, first + static_cast<ptrdiff_t>(count)}};
    open_[*id] = {packet_type::unsuback, ask.filters, now};
    packets.emplace_back(std::move(ask));
  }
  return packets;
}

std::vector<packet> interests::request_all(time_point now) {
  std::vector<subscription> all;
  for (const auto& [filter, level] : wanted_)
    all.push_back({filter, level});
  return request(all, now);
}

std::optional<std::vector<std::string>> interests::answered(uint16_t packet_id,
                                                            packet_type kind) {
  const auto at = open_.find(packet_id);
  if (at == open_.end() || at->second.answer != kind)
    return std::nullopt;
  auto filters = std::move(at->second.filters);
  open_.erase(at);
  ids_.release(packet_id);
  return filters;
}

void interests::connection_lost() {
  for (const auto& [id, open] : open_)
    ids_.release(id);
  open_.clear();
}

std::optional<time_point> interests::waiting_since() const noexcept {
  std::optional<time_point> oldest;
  for (const auto& [id, open] : open_)
    if (!oldest || open.asked_at < *oldest)
      oldest = open.asked_at;
  return oldest;
}

} // namespace faas::mqtt
