#include "actors/predictor/choices.hpp"

#include "libfaas/routing/policies/catalog.hpp"

namespace faas::actors {

bool compares_sites(std::string_view policy) {
  if (policy.starts_with("min-latency")) // nearly all; making one costs more
    return true;
  if (policy == "static" || policy.starts_with("static:"))
    return false;
  const auto made = routing::make_policy(policy);
  return !made || (*made)->predicts();
}

} // namespace faas::actors
