// Which controller's assignments count, and where the controllers are.
#pragma once

#include "libfaas/core/id.hpp"
#include "libfaas/trust/token.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace faas::actors {

/// What a node knows of the cluster's controllers. Pure; one thread.
class leader_book {
public:
  /// More than a cluster has; further ones are not dialled.
  static constexpr size_t max_addresses = 16;

  /// Assignments of that term came from that node. False: a former leader gave
  /// them. Term 0 comes from a controller that is the only one, or of a release
  /// without terms.
  bool take(uint64_t term, const node_name& from) {
    if (term != 0 && term < term_)
      return false;
    term_ = std::max(term_, term);
    leader_ = from;
    return true;
  }
  /// Who gave the last assignments; empty: none came yet.
  const node_name& leader() const noexcept { return leader_; }
  uint64_t term() const noexcept { return term_; }

  /// The valid addresses ("host:port") that are not among the known ones; they
  /// are from now on.
  std::vector<std::string> learn(const std::vector<std::string>& addresses) {
    std::vector<std::string> fresh;
    for (const auto& one : addresses)
      if (known_.size() < max_addresses && trust::valid_address(one)
          && std::find(known_.begin(), known_.end(), one) == known_.end()) {
        known_.push_back(one);
        fresh.push_back(one);
      }
    return fresh;
  }
  /// Those that are known, less one's own.
  std::vector<std::string> others(const std::vector<std::string>& own) const {
    auto all = known_;
    std::erase_if(all, [&](const auto& one) {
      return std::find(own.begin(), own.end(), one) != own.end();
    });
    return all;
  }

private:
  uint64_t term_ = 0;
  node_name leader_;
  std::vector<std::string> known_;
};

} // namespace faas::actors
