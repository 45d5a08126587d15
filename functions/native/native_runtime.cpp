#include "functions/native/native_runtime.hpp"

#include "functions/native/library.hpp"
#include "functions/native/native_instance.hpp"

namespace faas::native {
namespace {

class native_module final : public function_module {
public:
  native_module(std::shared_ptr<const library> code, const load_request& from)
    : code_(std::move(code)), name_(from.version.function.str()),
      folder_(from.folder.string()), environment_(from.spec.environment),
      max_body_(from.spec.petrel.max_body_bytes), secrets_(from.secrets) {}

  result<std::unique_ptr<function_instance>> create_instance() override {
    return native_instance::create(code_,
                                   {name_, folder_, environment_, max_body_,
                                    secrets_});
  }

  string_map facts() const override {
    return {{"abi", std::to_string(code_->table().abi_version)}};
  }

private:
  std::shared_ptr<const library> code_;
  std::string name_;
  std::string folder_;
  string_map environment_;
  uint64_t max_body_;
  std::shared_ptr<const secret_folder> secrets_;
};

} // namespace

result<std::unique_ptr<function_module>>
native_runtime::load(const load_request& request) {
  auto path = find_artifact(request.folder, request.spec.petrel.artifact);
  if (!path)
    return path.error();
  auto code = library::open(*path);
  if (!code)
    return code.error();
  std::unique_ptr<function_module> module
    = std::make_unique<native_module>(std::move(*code), request);
  return module;
}

} // namespace faas::native
