#include "functions/builtin/tensor_json.hpp"

#include "functions/builtin/sdk/answers.hpp"

namespace {

using namespace faas;

/// JSON in gives bytes; anything else is bytes and gives JSON. Datatype and
/// shape of bytes: headers, else the environment.
class function {
public:
  explicit function(const sdk::config& node)
    : datatype_(node.environment("DATATYPE")),
      shape_(node.environment("SHAPE")) {
    if (datatype_.empty())
      datatype_ = "FP32";
    builtin::required(builtin::element_of(datatype_));
    if (!shape_.empty())
      builtin::required(builtin::parse_shape(shape_));
  }

  sdk::response operator()(const sdk::request& event) const {
    return event.content_type().find("json") != std::string_view::npos
             ? from_json(event)
             : to_json(event);
  }

private:
  static sdk::response from_json(const sdk::request& event) {
    auto done = builtin::tensor_from_json(event.body());
    if (!done)
      return builtin::refusal(done.error());
    return {std::move(done->bytes), 200, "application/octet-stream",
            {{"X-Tensor-Shape", builtin::shape_text(done->shape)},
             {"X-Tensor-Datatype", std::string{builtin::name(done->type)}}}};
  }

  sdk::response to_json(const sdk::request& event) const {
    auto datatype = event.header("X-Tensor-Datatype");
    auto shape = event.header("X-Tensor-Shape");
    if (datatype.empty())
      datatype = datatype_;
    if (shape.empty())
      shape = shape_;
    const auto type = builtin::element_of(datatype);
    if (!type)
      return builtin::refusal(type.error());
    std::vector<uint64_t> sides;
    if (!shape.empty()) {
      auto read = builtin::parse_shape(shape);
      if (!read)
        return builtin::refusal(read.error());
      sides = std::move(*read);
    }
    auto done = builtin::tensor_to_json(event.body(), *type, std::move(sides));
    if (!done)
      return builtin::refusal(done.error());
    return {std::move(*done), 200, "application/json"};
  }

  std::string datatype_;
  std::string shape_;
};

} // namespace

FAAS_FUNCTION(function)
