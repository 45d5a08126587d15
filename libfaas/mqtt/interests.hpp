// What a session wants to receive, and what it asked the broker about it.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/mqtt/packet.hpp"
#include "libfaas/mqtt/packet_ids.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faas::mqtt {

/// The wanted subscriptions and the requests about them that wait for an
/// answer. Bounded by limits::filters. Not thread safe.
class interests {
public:
  explicit interests(packet_ids& ids) noexcept : ids_(ids) {}

  /// Adds or replaces subscriptions. Refuses invalid filters and quality 2
  /// (invalid_argument) and too many (too_large); then none is added.
  result<void> add(const std::vector<subscription>& wanted);
  void remove(const std::vector<std::string>& filters);
  const std::map<std::string, qos>& wanted() const noexcept { return wanted_; }

  /// Requests for these filters, a bounded number in each packet; they wait
  /// for their answer from now on.
  std::vector<packet> request(const std::vector<subscription>& some,
                              time_point now);
  std::vector<packet> withdraw(const std::vector<std::string>& filters,
                               time_point now);
  /// Requests for everything wanted; for a new connection.
  std::vector<packet> request_all(time_point now);

  /// The filters that the answer is about, in order; nothing when it answers
  /// no request.
  std::optional<std::vector<std::string>> answered(uint16_t packet_id,
                                                   packet_type kind);

  /// Requests without an answer are void.
  void connection_lost();

  /// Since when the oldest request waits; nothing when none does.
  std::optional<time_point> waiting_since() const noexcept;

private:
  struct open_request {
    packet_type answer;
    std::vector<std::string> filters;
    time_point asked_at;
  };
  packet_ids& ids_;
  std::map<std::string, qos> wanted_;
  std::map<uint16_t, open_request> open_;
};

} // namespace faas::mqtt
