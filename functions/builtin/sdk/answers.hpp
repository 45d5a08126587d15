// What the wrappers share: settings from the node, errors as answers.
#pragma once

#include "functions/builtin/settings.hpp"

#include <faas/function.hpp>

namespace faas::builtin {

inline settings settings_of(const sdk::config& node) {
  return [&node](std::string_view name) { return node.environment(name); };
}

/// A wrong setting ends the making of an instance, with the reason.
template <class T>
T required(result<T> made) {
  if (!made)
    throw std::invalid_argument{made.error().message + " ("
                                + made.error().next_step + ")"};
  return std::move(*made);
}

inline sdk::response refusal(const error& why) {
  auto text = why.message;
  if (!why.next_step.empty())
    text += " (" + why.next_step + ")";
  const int status = why.code == errc::too_large          ? 413
                     : why.code == errc::invalid_argument ? 400
                                                          : 500;
  return {text + "\n", status};
}

} // namespace faas::builtin
