// Makes commands for the catalog, and a seeded history of them.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/ports/catalog.hpp"

namespace faas::testing {

inline deploy_command deploy_of(const std::string& name, uint8_t bundle,
                                const std::string& request = {}) {
  deploy_command command;
  command.id = request_id{request};
  command.spec.name = function_name{name};
  command.spec.petrel.artifact = "libf.so";
  command.bundle.bytes[0] = bundle;
  command.by = "tester";
  return command;
}

inline remove_command remove_of(const std::string& name,
                                const std::string& request = {}) {
  return {request_id{request}, function_name{name}, "tester"};
}

/// The change that takes the state from its revision to the next one: depends
/// on seed and revision only, so that a test can tell what any revision of a
/// history must hold. Request ids are "seed-number".
inline catalog_change nth_change(const catalog_state& state, uint64_t seed) {
  const auto next = state.at.number + 1;
  random_source random{seed * 1'000'003 + next};
  const auto name = "f" + std::to_string(random.below(8));
  const auto request = std::to_string(seed) + "-" + std::to_string(next);
  if (state.functions.contains(function_name{name}) && random.below(4) == 0)
    return *plan(state, remove_of(name, request));
  auto command = deploy_of(name, 0, request);
  command.spec.labels["revision"] = std::to_string(next); // never unchanged
  for (auto& byte : command.bundle.bytes)
    byte = static_cast<uint8_t>(random.below(256));
  const wall_time now{std::chrono::seconds{next}};
  return *plan(state, command, now);
}

} // namespace faas::testing
