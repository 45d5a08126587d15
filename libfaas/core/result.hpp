// A value or an error, for failures that callers handle.
#pragma once

#include "libfaas/core/error.hpp"

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

namespace faas {

/// Holds a T or an error. Test it (`if (!r)`) before use; using the absent
/// half is a defect and asserts.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(faas::error failure)
    : state_(std::in_place_index<1>, std::move(failure)) {}
  result(errc code, std::string message, std::string next_step = {})
    : state_(std::in_place_index<1>, code, std::move(message),
             std::move(next_step)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  T& operator*() & { return get(); }
  const T& operator*() const& { return const_cast<result*>(this)->get(); }
  T&& operator*() && { return std::move(get()); }
  T* operator->() { return &get(); }
  const T* operator->() const { return &const_cast<result*>(this)->get(); }
  const faas::error& error() const {
    assert(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }

private:
  T& get() {
    assert(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }
  std::variant<T, faas::error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(faas::error failure) : failure_(std::move(failure)) {}
  result(errc code, std::string message, std::string next_step = {})
    : failure_(std::in_place, code, std::move(message), std::move(next_step)) {}

  explicit operator bool() const noexcept { return !failure_; }
  const faas::error& error() const {
    assert(failure_);
    return *failure_;
  }

private:
  std::optional<faas::error> failure_;
};

} // namespace faas
