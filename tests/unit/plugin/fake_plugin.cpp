// A runtime that can do nothing, in a plug-in with one fault:
// 0 none, 1 version, 2 fingerprint, 3 short table, 4 no runtime made.
#include "functions/plugin/abi.hpp"

namespace {

using namespace faas;

class fake_runtime final : public function_runtime {
public:
  explicit fake_runtime(int threads) : threads_(threads) {}
  runtime_kind kind() const noexcept override { return runtime_kind::torch; }
  result<std::unique_ptr<function_module>> load(const load_request&) override {
    return error{errc::bad_bundle, "threads " + std::to_string(threads_), ""};
  }

private:
  int threads_;
};

function_runtime* create(const plugin_options* options) noexcept {
  return FAULT == 4 ? nullptr : new fake_runtime{options->threads_per_call};
}

void destroy(function_runtime* runtime) noexcept {
  delete runtime;
}

constexpr runtime_plugin table{FAULT == 3 ? 16 : sizeof(runtime_plugin),
                               runtime_plugin_version + (FAULT == 1),
                               0,
                               plugin_fingerprint() + (FAULT == 2),
                               "fake",
                               "fake 1",
                               create,
                               destroy};

} // namespace

extern "C" const runtime_plugin* petrel_runtime_v1() {
  return &table;
}
