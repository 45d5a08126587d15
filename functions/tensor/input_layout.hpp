// How the raw bytes of an event's body are the inputs of a model.
#pragma once

#include "functions/tensor/data_type.hpp"
#include "functions/tensor/normalise.hpp"
#include "libfaas/event/invocation.hpp"
#include "libfaas/manifest/function_spec.hpp"

#include <string>
#include <vector>

namespace faas::tensor {

/// One declared input. A batched one has -1 as its first dimension.
struct input {
  std::string name;
  data_type type = data_type::fp32;
  std::vector<int64_t> shape;
  uint64_t item_bytes = 0; ///< of one item of the batch, or of all when fixed
  bool batched = false;
  /// Images that the model gets as FP32 [n,channels,height,width].
  std::optional<normalisation> norm;

  /// What the model gets for a batch of n: shape and type.
  std::vector<int64_t> model_shape(int64_t n) const;
  data_type model_type() const noexcept {
    return norm ? data_type::fp32 : type;
  }
};

/// The inputs of a model in the order of the manifest. A body holds them one
/// after the other, elements little endian, dense, row-major; batched inputs
/// share one batch size n, which follows from the body's length. Immutable.
class input_layout {
public:
  /// Checks the manifest's inputs. errc::bad_bundle: none declared, unknown
  /// data type, a dimension that is 0 or negative (-1 only in front), an item
  /// larger than max_body_bytes, mean and std for what is no image.
  static result<input_layout> make(const std::vector<tensor_spec>& specs,
                                   uint64_t max_body_bytes);

  const std::vector<input>& inputs() const noexcept { return inputs_; }
  bool batched() const noexcept { return item_bytes_ != 0; }
  /// Largest batch that max_body_bytes allows; 1 without a batch dimension.
  int64_t max_batch() const noexcept { return max_batch_; }
  /// Length of a body with a batch of n.
  uint64_t body_bytes(int64_t n) const noexcept;

  /// Batch size of an event, 1 without a batch dimension. The headers
  /// X-Tensor-Shape ("3,1,28,28") and X-Tensor-Datatype, where the client
  /// sends them for a single input, must agree. errc::invalid_argument names
  /// what is expected and what came.
  result<int64_t> batch_of(const invocation& event) const;
  /// "UINT8 [n,1,28,28], 784 bytes per item"
  std::string expected() const;

private:
  result<int64_t> batch_of_size(uint64_t bytes) const;
  result<void> check_headers(const header_list& headers, int64_t n) const;
  error mismatch(const std::string& got) const;

  std::vector<input> inputs_;
  uint64_t fixed_bytes_ = 0; ///< of the inputs without batch dimension
  uint64_t item_bytes_ = 0;  ///< of one item over all batched inputs
  int64_t max_batch_ = 1;
};

/// "[3,1,28,28]"; -1 prints as n.
std::string shape_text(const std::vector<int64_t>& shape);

} // namespace faas::tensor
