#include "functions/isolated/isolated_runtime.hpp"

#include "functions/isolated/version_workers.hpp"
#include "functions/native/library.hpp"
#include "libfaas/manifest/process.hpp"

namespace faas::isolated {
namespace {

class isolated_module final : public function_module {
public:
  explicit isolated_module(std::shared_ptr<version_workers> workers)
    : workers_(std::move(workers)) {}

  result<std::unique_ptr<function_instance>> create_instance() override {
    return workers_->make_instance();
  }
  string_map facts() const override { return workers_->facts(); }
  std::string trouble() const override { return workers_->trouble(); }

private:
  std::shared_ptr<version_workers> workers_;
};

create_request about(const load_request& request,
                     const std::filesystem::path& folder,
                     const std::filesystem::path& library) {
  create_request made;
  made.library = library.string();
  made.function = request.version.function.str();
  made.folder = folder.string();
  made.environment = request.spec.environment;
  made.max_body = request.spec.petrel.max_body_bytes;
  if (request.secrets) {
    made.secret_folder = request.secrets->folder().string();
    made.secrets = request.secrets->names();
  }
  return made;
}

/// `limits:` of the manifest, for the sandbox.
result<void> set_limits(sandbox::plan& to, const function_spec& spec) {
  const auto bytes = memory_limit(spec);
  const auto cpus = cpu_limit(spec);
  if (!bytes || !cpus)
    return error{errc::bad_bundle,
                 bytes ? cpus.error().message : bytes.error().message,
                 "write memory as 64Mi, cpu as 500m or 0.5"};
  to.memory_bytes = *bytes;
  to.cpus = *cpus;
  return {};
}

} // namespace

isolated_runtime::isolated_runtime(isolated_config config)
  : config_(std::make_shared<const isolated_config>(std::move(config))) {}

result<std::unique_ptr<function_module>>
isolated_runtime::load(const load_request& request) {
  auto library
    = native::find_artifact(request.folder, request.spec.petrel.artifact);
  if (!library)
    return library.error();
  std::error_code ignored; // find_artifact has been there
  const auto folder = std::filesystem::canonical(request.folder, ignored);
  std::optional<sandbox::plan> plan;
  if (config_->sandbox) {
    plan.emplace();
    plan->bundle = folder;
    if (request.secrets)
      plan->secrets = request.secrets->folder();
    plan->readable = {config_->worker.program};
    if (auto set = set_limits(*plan, request.spec); !set)
      return set.error();
  }
  std::unique_ptr<function_module> module = std::make_unique<isolated_module>(
    std::make_shared<version_workers>(config_, request.version,
                                      about(request, folder, *library),
                                      std::move(plan), request.secrets));
  return module;
}

} // namespace faas::isolated
