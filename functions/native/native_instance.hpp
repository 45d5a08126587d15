// One instance of a native function: the state that its `create` made.
#pragma once

#include "functions/native/library.hpp"
#include "libfaas/ports/runtime.hpp"

#include <vector>

namespace faas::native {

struct instance_config {
  const std::string& function;
  const std::string& folder;
  const string_map& environment;
  uint64_t max_body;
  std::shared_ptr<const secret_folder> secrets; ///< null: none
};

/// Calls the library's table; faults come back as error replies. Keeps the
/// library open. One thread at a time.
class native_instance final : public function_instance {
public:
  /// Runs the function's `create`. errc::bad_bundle with its reason.
  static result<std::unique_ptr<function_instance>>
  create(std::shared_ptr<const library> code, const instance_config& config);
  ~native_instance() override;

  reply invoke(const invocation& event,
               invocation_context& context) noexcept override;

private:
  native_instance(std::shared_ptr<const library> code, void* state,
                  uint64_t max_body,
                  std::shared_ptr<const secret_folder> secrets, uint64_t seen)
    : code_(std::move(code)), state_(state), max_body_(max_body),
      secrets_(std::move(secrets)), seen_(seen) {}
  reply run(const invocation& event, invocation_context& context);
  void tell_changes(invocation_context& context);

  std::shared_ptr<const library> code_;
  void* state_;
  uint64_t max_body_;
  std::shared_ptr<const secret_folder> secrets_;
  uint64_t seen_; ///< changes of secrets that the function knows
  std::vector<faas_header> headers_; ///< kept for its memory
};

} // namespace faas::native
