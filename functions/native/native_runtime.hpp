// Runs functions from shared libraries in this process.
#pragma once

#include "libfaas/ports/runtime.hpp"

namespace faas::native {

/// Loads libraries that export the table of faas/function.h. The code has all
/// rights of this process: whoever loads decides about trust. Thread safe.
class native_runtime final : public function_runtime {
public:
  runtime_kind kind() const noexcept override { return runtime_kind::native; }
  /// Opens and checks the library; runs no function. errc::bad_bundle.
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override;
};

} // namespace faas::native
