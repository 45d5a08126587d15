// Runs native functions in worker processes.
#pragma once

#include "functions/isolated/crash_budget.hpp"
#include "functions/isolated/worker_process.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::isolated {

struct isolated_config {
  worker_settings worker;
  crash_budget::limits crashes;
  /// What the sandbox of workers rests on, for `describe`; none: workers are
  /// not sandboxed.
  std::optional<string_map> sandbox;
};

/// Loads libraries that export the table of faas/function.h, each instance into
/// a process of its own. Nothing of a bundle is opened in this process. Thread
/// safe.
class isolated_runtime final : public function_runtime {
public:
  explicit isolated_runtime(isolated_config config);
  runtime_kind kind() const noexcept override { return runtime_kind::native; }
  /// Makes a first worker, so that a library that does not load is found.
  /// errc::bad_bundle, errc::unavailable.
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override;

private:
  std::shared_ptr<const isolated_config> config_;
};

} // namespace faas::isolated
