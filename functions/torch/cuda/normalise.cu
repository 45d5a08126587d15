// Reads each byte once and writes each float once: four pixels (planar) or four
// values (interleaved) a thread, so that loads and stores are 4 and 16 bytes.
#include "functions/torch/cuda/normalise_kernel.hpp"

namespace faas::torch_runtime {
namespace {

constexpr int threads = 256;

/// Rounded after the product and after the sum, like the CPU's twin; never
/// fused.
__device__ float value(uint32_t byte, float scale, float bias) {
  return __fadd_rn(__fmul_rn(static_cast<float>(byte), scale), bias);
}

/// Byte number `at` of words read in little-endian order.
__device__ uint32_t byte_of(const uint32_t* words, int at) {
  return (words[at / 4] >> (at % 4 * 8)) & 255u;
}

template <int channels>
__global__ void planar4(normalise_job job, const uint8_t* __restrict__ from,
                        float* __restrict__ to) {
  const auto group = static_cast<int64_t>(blockIdx.x) * threads + threadIdx.x;
  const auto pixel = group * 4;
  if (pixel >= job.images * job.pixels)
    return;
  uint32_t words[channels];
  const auto* source = reinterpret_cast<const uint32_t*>(from) + group * channels;
#pragma unroll
  for (int i = 0; i < channels; ++i)
    words[i] = source[i];
  const auto image = pixel / job.pixels;
  auto* target = to + image * job.pixels * channels + pixel % job.pixels;
#pragma unroll
  for (int c = 0; c < channels; ++c) {
    const float s = job.scale[c], b = job.bias[c];
    *reinterpret_cast<float4*>(target + c * job.pixels)
      = make_float4(value(byte_of(words, c), s, b),
                    value(byte_of(words, c + channels), s, b),
                    value(byte_of(words, c + channels * 2), s, b),
                    value(byte_of(words, c + channels * 3), s, b));
  }
}

/// For images whose pixels do not come in fours.
__global__ void planar1(normalise_job job, const uint8_t* __restrict__ from,
                        float* __restrict__ to) {
  const auto at = static_cast<int64_t>(blockIdx.x) * threads + threadIdx.x;
  if (at >= job.images * job.pixels * job.channels)
    return;
  const auto c = at % job.channels;
  const auto pixel = at / job.channels;
  to[(pixel / job.pixels * job.channels + c) * job.pixels + pixel % job.pixels]
    = value(from[at], job.scale[c], job.bias[c]);
}

__global__ void interleaved4(normalise_job job,
                             const uint8_t* __restrict__ from,
                             float* __restrict__ to) {
  const auto values = job.images * job.pixels * job.channels;
  const auto at
    = (static_cast<int64_t>(blockIdx.x) * threads + threadIdx.x) * 4;
  if (at >= values)
    return;
  auto c = static_cast<int>(at % job.channels);
  float made[4];
  const bool whole = at + 4 <= values;
  const uint32_t word
    = whole ? *reinterpret_cast<const uint32_t*>(from + at) : 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const uint32_t byte = whole            ? byte_of(&word, i)
                          : at + i < values ? from[at + i]
                                            : 0u;
    made[i] = value(byte, job.scale[c], job.bias[c]);
    c = c + 1 == job.channels ? 0 : c + 1;
  }
  if (whole)
    *reinterpret_cast<float4*>(to + at)
      = make_float4(made[0], made[1], made[2], made[3]);
  else
    for (int i = 0; i < 4; ++i)
      if (at + i < values)
        to[at + i] = made[i];
}

unsigned blocks(int64_t items) {
  return static_cast<unsigned>((items + threads - 1) / threads);
}

} // namespace

cudaError_t launch_normalise(const normalise_job& job, const uint8_t* from,
                             float* to, cudaStream_t stream) noexcept {
  const auto pixels = job.images * job.pixels;
  const auto values = pixels * job.channels;
  if (values <= 0 || job.channels > 4 || values > (int64_t{1} << 36))
    return cudaErrorInvalidValue;
  const auto fours = blocks((values + 3) / 4);
  if (job.interleaved || job.channels == 1) // of one channel: the same
    interleaved4<<<fours, threads, 0, stream>>>(job, from, to);
  else if (job.pixels % 4 != 0)
    planar1<<<blocks(values), threads, 0, stream>>>(job, from, to);
  else if (job.channels == 2)
    planar4<2><<<blocks(pixels / 4), threads, 0, stream>>>(job, from, to);
  else if (job.channels == 3)
    planar4<3><<<blocks(pixels / 4), threads, 0, stream>>>(job, from, to);
  else
    planar4<4><<<blocks(pixels / 4), threads, 0, stream>>>(job, from, to);
  return cudaGetLastError();
}

} // namespace faas::torch_runtime
