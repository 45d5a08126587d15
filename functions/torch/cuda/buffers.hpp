// Memory that a lane copies through.
#pragma once

#include <c10/cuda/CUDAException.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

namespace faas::torch_runtime {

/// Pinned host memory: copies to and from it need no detour. Grows, never
/// shrinks; what it held is lost.
class pinned_buffer {
public:
  pinned_buffer() = default;
  ~pinned_buffer() { free(); }
  pinned_buffer(const pinned_buffer&) = delete;
  pinned_buffer& operator=(const pinned_buffer&) = delete;

  /// Nothing may still copy from or to it. Throws c10::Error.
  void reserve(size_t bytes) {
    if (bytes <= size_)
      return;
    const auto wanted = std::max(bytes, std::min(size_ * 2, most_spare));
    free();
    C10_CUDA_CHECK(cudaHostAlloc(&data_, wanted, cudaHostAllocDefault));
    size_ = wanted;
  }
  char* data() const noexcept { return static_cast<char*>(data_); }

private:
  static constexpr size_t most_spare = size_t{64} << 20;

  void free() noexcept {
    if (data_)
      static_cast<void>(cudaFreeHost(std::exchange(data_, nullptr)));
    size_ = 0;
  }

  void* data_ = nullptr;
  size_t size_ = 0;
};

/// A point on a stream that others wait for.
class stream_event {
public:
  stream_event() {
    C10_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
  }
  ~stream_event() { static_cast<void>(cudaEventDestroy(event_)); }
  stream_event(const stream_event&) = delete;
  stream_event& operator=(const stream_event&) = delete;

  void record(cudaStream_t on) { C10_CUDA_CHECK(cudaEventRecord(event_, on)); }
  void hold_up(cudaStream_t later) {
    C10_CUDA_CHECK(cudaStreamWaitEvent(later, event_, 0));
  }
  /// Blocks this thread. At once when it was never recorded.
  void wait() { C10_CUDA_CHECK(cudaEventSynchronize(event_)); }

private:
  cudaEvent_t event_ = nullptr;
};

} // namespace faas::torch_runtime
