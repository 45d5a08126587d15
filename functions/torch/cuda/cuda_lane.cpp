#include "functions/torch/cuda/cuda_lane.hpp"

#include "functions/torch/cuda/normalise_kernel.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include <cstring>

namespace faas::torch_runtime {
namespace {

/// Each input of a slot begins at a multiple of this: views of any type work.
constexpr size_t alignment = 256;

size_t aligned(size_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

size_t bytes_of(const tensor::input& input, int64_t n) {
  return input.item_bytes * static_cast<size_t>(input.batched ? n : 1);
}

normalise_job job_of(const tensor::normalisation& how, int64_t images,
                     bool interleaved) {
  normalise_job job{images, how.pixels(), static_cast<int>(how.channels),
                    interleaved};
  std::copy(how.scale.begin(), how.scale.end(), job.scale);
  std::copy(how.bias.begin(), how.bias.end(), job.bias);
  return job;
}

} // namespace

cuda_lane::cuda_lane(c10::DeviceIndex index, lane_settings what)
  : index_(index), what_(std::move(what)),
    compute_(c10::cuda::getStreamFromPool(false, index)),
    copy_(c10::cuda::getStreamFromPool(false, index)), graphs_(what_.graphs) {}

cuda_lane::~cuda_lane() {
  drain();
}

result<at::Tensor>
cuda_lane::run(std::string_view body, int64_t n, std::span<const part> parts,
               const std::function<std::optional<error>()>& stop) noexcept try {
  const c10::cuda::CUDAGuard on{index_};
  const c10::cuda::CUDAStreamGuard stream{compute_};
  const c10::InferenceMode inference;
  auto made = run_parts(body, n, parts, stop);
  if (made)
    return made;
  drain();
  if (made.error().code == errc::unavailable)
    return out_of_memory(made.error().message);
  return made;
} catch (const std::exception& thrown) {
  drain();
  const auto why = reason(thrown);
  if (why.find("out of memory") != why.npos)
    return out_of_memory(why);
  return error{errc::function_failed, "the model failed on the GPU: " + why,
               "see the function's log"};
} catch (...) {
  drain();
  return error{errc::function_failed, "the model failed on the GPU", ""};
}

result<at::Tensor>
cuda_lane::run_parts(std::string_view body, int64_t n,
                     std::span<const part> parts,
                     const std::function<std::optional<error>()>& stop) {
  const bool single = parts.size() == 1;
  out_row_ = 0;
  std::vector<at::Tensor> made;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (auto useless = stop())
      return *useless;
    auto& at = slots_[i % slots_.size()];
    carry(at, body, n, parts[i], single);
    auto output = forward(at, parts[i], made);
    if (!output)
      return output;
    if (!single)
      at.consumed.record(compute_);
    if (auto brought = bring(*output, parts[i], n, single); !brought)
      return brought.error();
  }
  compute_.synchronize();
  if (!made.empty()) // not replayed: perhaps worth a recording
    graphs_.offer(parts.back().count, made, what_.forward);
  counts_.graphs = graphs_.size();
  return at::from_blob(out_.data(), out_shape_, out_type_);
}

size_t cuda_lane::staged_bytes(int64_t n) const {
  size_t bytes = 0;
  for (const auto& input : what_.inputs->inputs())
    bytes += aligned(bytes_of(input, n));
  return bytes;
}

void cuda_lane::carry(slot& into, std::string_view body, int64_t n, part items,
                      bool own_stream) {
  const auto bytes = staged_bytes(items.count);
  into.arrived.wait(); // the pinned bytes of the part before the last are gone
  into.host.reserve(bytes);
  if (!into.raw.defined() || into.raw.nbytes() < bytes) {
    compute_.synchronize();
    into.raw.reset();
    into.raw = at::empty({static_cast<int64_t>(bytes)},
                         at::device({at::kCUDA, index_}).dtype(at::kByte));
    compute_.synchronize(); // the copy stream may write to it
  }
  size_t to = 0, at = 0;
  for (const auto& input : what_.inputs->inputs()) {
    const auto first
      = input.batched ? input.item_bytes * static_cast<size_t>(items.first) : 0;
    const auto length = bytes_of(input, items.count);
    std::memcpy(into.host.data() + to, body.data() + at + first, length);
    at += bytes_of(input, n);
    to += aligned(length);
  }
  const auto& stream = own_stream ? compute_ : copy_;
  if (!own_stream)
    into.consumed.hold_up(stream);
  C10_CUDA_CHECK(cudaMemcpyAsync(into.raw.mutable_data_ptr(), into.host.data(),
                                 bytes, cudaMemcpyHostToDevice, stream));
  into.arrived.record(stream);
  if (!own_stream)
    into.arrived.hold_up(compute_);
}

void cuda_lane::fill(const tensor::input& input, const at::Tensor& raw,
                     at::Tensor& to) const {
  if (input.norm) {
    const auto job = job_of(*input.norm, to.size(0),
                            what_.layout == memory_layout::channels_last);
    C10_CUDA_CHECK(launch_normalise(job, raw.const_data_ptr<uint8_t>(),
                                    to.mutable_data_ptr<float>(), compute_));
    return;
  }
  if (input.type == tensor::data_type::boolean)
    to.copy_(raw.ne(0).view(to.sizes()));
  else
    to.copy_(raw.view(to.scalar_type()).view(to.sizes()));
}

std::vector<at::Tensor> cuda_lane::arguments(const slot& from,
                                             part items) const {
  std::vector<at::Tensor> made;
  for (const auto& input : what_.inputs->inputs())
    made.push_back(empty_in(
      input.model_shape(items.count),
      at::device({at::kCUDA, index_}).dtype(scalar_type(input.model_type())),
      what_.layout));
  return made;
}

result<at::Tensor> cuda_lane::forward(const slot& from, part items,
                                      std::vector<at::Tensor>& made) {
  auto* recorded = graphs_.find(items.count);
  made = recorded ? recorded->inputs : arguments(from, items);
  int64_t at = 0;
  for (size_t i = 0; i < made.size(); ++i) {
    const auto& input = what_.inputs->inputs()[i];
    const auto bytes = static_cast<int64_t>(bytes_of(input, items.count));
    fill(input, from.raw.narrow(0, at, bytes), made[i]);
    at += static_cast<int64_t>(aligned(static_cast<size_t>(bytes)));
  }
  if (recorded) {
    made.clear();
    recorded->graph.replay();
    ++counts_.replays;
    return recorded->output;
  }
  ++counts_.eager;
  std::vector<c10::IValue> values;
  for (const auto& one : made)
    values.emplace_back(one);
  return what_.forward(std::move(values));
}

result<void> cuda_lane::bring(const at::Tensor& output, part items, int64_t n,
                              bool only) {
  const auto dense = output.contiguous();
  const bool rows = dense.dim() > 0 && dense.size(0) == items.count;
  if (!only && !rows)
    return error{errc::function_failed,
                 "the model's output has not one row per item",
                 "mend the model, or petrel.output in stack.yml"};
  const auto bytes = dense.nbytes();
  const auto row = only ? bytes : bytes / static_cast<size_t>(items.count);
  if (out_row_ == 0) { // the first part: later ones must be like it
    out_shape_ = dense.sizes().vec();
    if (!only)
      out_shape_.front() = n;
    out_type_ = dense.scalar_type();
    out_row_ = row;
    out_.reserve(std::max<size_t>(row * static_cast<size_t>(only ? 1 : n), 1));
  } else if (row != out_row_ || dense.scalar_type() != out_type_) {
    return error{errc::function_failed,
                 "the model's output differs between parts of a batch",
                 "mend the model"};
  }
  const auto at = only ? 0 : row * static_cast<size_t>(items.first);
  if (bytes != 0)
    C10_CUDA_CHECK(cudaMemcpyAsync(out_.data() + at, dense.const_data_ptr(),
                                   bytes, cudaMemcpyDeviceToHost, compute_));
  return {};
}

void cuda_lane::drain() noexcept {
  static_cast<void>(cudaStreamSynchronize(copy_.stream()));
  static_cast<void>(cudaStreamSynchronize(compute_.stream()));
  static_cast<void>(cudaGetLastError());
}

error cuda_lane::out_of_memory(const std::string& why) {
  graphs_.drop("the device ran out of memory");
  for (auto& one : slots_)
    one.raw.reset();
  try {
    c10::cuda::CUDACachingAllocator::emptyCache();
  } catch (const std::exception&) { // the reason below is the one to tell
  }
  return {errc::unavailable,
          "the GPU ran out of memory: "
            + why.substr(0, why.find(" Including non-PyTorch")),
          "send smaller batches, lower petrel.concurrency, or write device: "
          "cpu"};
}

} // namespace faas::torch_runtime
