// What membership tells other nodes, by their links.
#pragma once

#include "actors/link/known_links.hpp"
#include "actors/system/census.hpp"
#include "libfaas/ports/bulk_links.hpp"

#include <functional>

namespace faas::actors {

/// Hands messages to links and counts them. Part of membership; its thread
/// only, but for what answer_to() returns: that may be called by any.
class outbox {
public:
  /// `bulk` may be null.
  outbox(const known_links& known, bulk_links* bulk, census& counters)
    : known_(known), bulk_(bulk), counters_(counters) {}

  void send(const known_link& link, wire::message what) const;
  void close(const link_actor& link) const;
  /// It ends when nothing is under way on it.
  void retire(const link_actor& link) const;
  /// To the node that something came from; bundles go by bulk. One without a link (it has gone, or
  /// was refused) gets no answer.
  std::function<void(wire::message)> answer_to(known_link* link) const;

  void to_all(const wire::message& what) const;
  void to_controllers(const wire::message& what) const;
  /// In the protocol of each; `controllers`: where those are, empty: not told.
  void to_all(const cluster_view& view,
              const std::vector<std::string>& controllers) const;

private:
  const known_links& known_;
  bulk_links* bulk_;
  census& counters_;
};

} // namespace faas::actors
