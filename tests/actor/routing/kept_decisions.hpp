// A log of decisions that keeps them.
#pragma once

#include "libfaas/ports/decision_book.hpp"

namespace faas::test {

struct kept_decisions final : decision_sink {
  void take(decisions::batch&& what) override {
    ++batches;
    dropped += what.dropped;
    for (const auto& one : what.items) {
      decisions::record made;
      static_cast<decisions::entry&>(made) = one.what;
      made.of = what.contexts[one.context];
      const auto sites = what.sites_of(one);
      made.sites.assign(sites.begin(), sites.end());
      all.push_back(std::move(made));
    }
  }
  std::vector<decisions::record> all;
  int batches = 0;
  uint64_t dropped = 0;
};

} // namespace faas::test
