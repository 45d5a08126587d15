#include "functions/builtin/image.hpp"

#include "functions/builtin/sdk/answers.hpp"

namespace {

using namespace faas;

class function {
public:
  explicit function(const sdk::config& node)
    : tensor_(builtin::required(
      builtin::image_tensor::make(builtin::settings_of(node)))) {}

  sdk::response operator()(const sdk::request& event) const {
    auto done = tensor_.run(event.body());
    if (!done)
      return builtin::refusal(done.error());
    return {std::move(*done), 200, "application/octet-stream",
            {{"X-Tensor-Shape", tensor_.shape()},
             {"X-Tensor-Datatype", std::string{tensor_.datatype()}}}};
  }

private:
  builtin::image_tensor tensor_;
};

} // namespace

FAAS_FUNCTION(function)
