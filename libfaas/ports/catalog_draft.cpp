#include "libfaas/ports/catalog_draft.hpp"

#include <algorithm>

namespace faas {

const catalog_state& catalog_draft::state_for(const function_name& function) {
  if (!copied_.insert(function).second)
    return scratch_;
  if (const auto i = base_.functions.find(function);
      i != base_.functions.end())
    scratch_.functions.insert(*i);
  if (const auto i = base_.retired.find(function); i != base_.retired.end())
    scratch_.retired.insert(*i);
  return scratch_;
}

void catalog_draft::add(catalog_change change) {
  apply(scratch_, change);
  changes_.push_back(std::move(change));
}

bool catalog_draft::holds(const request_id& request) const {
  return !request.empty()
         && std::any_of(changes_.begin(), changes_.end(),
                        [&](const auto& change) {
                          return change.request == request;
                        });
}

} // namespace faas
