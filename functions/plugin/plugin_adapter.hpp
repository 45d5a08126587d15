// A plug-in's runtime as one of the node's own.
#pragma once

#include "functions/plugin/plugin.hpp"

namespace faas {

/// Owns a runtime that its plug-in must destroy.
class plugin_adapter final : public function_runtime {
public:
  explicit plugin_adapter(plugin_runtime runtime)
    : runtime_(std::move(runtime)) {}
  runtime_kind kind() const noexcept override { return runtime_->kind(); }
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override {
    return runtime_->load(request);
  }

private:
  plugin_runtime runtime_;
};

} // namespace faas
