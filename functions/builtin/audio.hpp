// Sound: samples of a WAV file or raw PCM16, cut into frames.
#pragma once

#include "functions/builtin/settings.hpp"

namespace faas::builtin {

struct sound {
  uint32_t rate = 0;          ///< samples per second; 0 = not told
  std::vector<float> samples; ///< mono, -1..1
};

/// RIFF WAVE with 16-bit PCM, 1 to 32 channels, mixed to mono by their mean.
/// Unknown chunks are passed over. errc::invalid_argument for anything else,
/// and when the file ends before its data does.
result<sound> read_wav(std::string_view bytes);
/// Little-endian 16-bit samples, `channels` in turn.
result<sound> read_pcm16(std::string_view bytes, uint32_t channels);

class audio_frames {
public:
  /// FRAME (400 samples; 1..1,048,576), HOP (160; 1..1,048,576), WINDOW none or
  /// hann, CHANNELS (1; of raw input). errc::invalid_argument.
  static result<audio_frames> make(const settings& from);

  struct frames {
    std::string bytes; ///< FP32 [count, frame], the machine's byte order
    size_t count = 0;
    uint32_t rate = 0;
  };
  /// A body that begins with RIFF is WAV, else raw. Samples after the last
  /// whole frame are left out; fewer than a frame: count 0.
  /// errc::too_large when the answer would be over 16 MiB.
  result<frames> run(std::string_view body) const;
  size_t frame() const noexcept { return frame_; }

private:
  size_t frame_ = 0;
  size_t hop_ = 0;
  uint32_t channels_ = 1;
  std::vector<float> window_; ///< empty: none
};

} // namespace faas::builtin
