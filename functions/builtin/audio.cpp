#include "functions/builtin/audio.hpp"

#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>

namespace faas::builtin {
namespace {

constexpr uint32_t most_channels = 32;
constexpr size_t most_bytes = 16 << 20; // of an answer

uint32_t little(std::string_view bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = size; i-- > 0;)
    value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

error wrong(std::string why) {
  return {errc::invalid_argument, "the WAV file " + why,
          "send 16-bit PCM, for example: ffmpeg -i IN -c:a pcm_s16le OUT.wav"};
}

struct format {
  uint32_t channels = 0;
  uint32_t rate = 0;
};

result<format> read_format(std::string_view chunk) {
  if (chunk.size() < 16)
    return wrong("has too short a format");
  auto tag = little(chunk, 0, 2);
  if (tag == 0xFFFE && chunk.size() >= 26)
    tag = little(chunk, 24, 2); // the real one of WAVE_FORMAT_EXTENSIBLE
  const format out{little(chunk, 2, 2), little(chunk, 4, 4)};
  if (tag != 1 || little(chunk, 14, 2) != 16)
    return wrong("is not 16-bit PCM");
  if (out.channels < 1 || out.channels > most_channels)
    return wrong("has " + std::to_string(out.channels) + " channels; 1 to "
                 + std::to_string(most_channels) + " are read");
  if (little(chunk, 12, 2) != out.channels * 2)
    return wrong("contradicts itself about the size of a sample");
  return out;
}

} // namespace

result<sound> read_pcm16(std::string_view bytes, uint32_t channels) {
  if (bytes.size() % (size_t{channels} * 2) != 0)
    return {errc::invalid_argument,
            std::to_string(bytes.size()) + " bytes are no whole 16-bit samples "
              "of " + std::to_string(channels) + " channels"};
  sound out;
  out.samples.reserve(bytes.size() / (size_t{channels} * 2));
  const auto scale = 1.0F / (32768.0F * static_cast<float>(channels));
  for (size_t at = 0; at < bytes.size();) {
    int32_t sum = 0;
    for (uint32_t c = 0; c < channels; ++c, at += 2)
      sum += static_cast<int16_t>(little(bytes, at, 2));
    out.samples.push_back(static_cast<float>(sum) * scale);
  }
  return out;
}

result<sound> read_wav(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with("RIFF")
      || bytes.substr(8, 4) != "WAVE")
    return wrong("has no RIFF WAVE head");
  std::optional<format> how;
  for (size_t at = 12; at + 8 <= bytes.size();) {
    const auto name = bytes.substr(at, 4);
    const size_t size = little(bytes, at + 4, 4);
    at += 8;
    if (size > bytes.size() - at)
      return wrong("is cut off: its " + std::string{name == "data" ? "data" : "head"}
                   + " should have " + std::to_string(size) + " bytes, "
                   + std::to_string(bytes.size() - at) + " are left");
    const auto chunk = bytes.substr(at, size);
    if (name == "fmt ") {
      auto read = read_format(chunk);
      if (!read)
        return read.error();
      how = *read;
    } else if (name == "data") {
      if (!how)
        return wrong("has data before its format");
      auto out = read_pcm16(chunk, how->channels);
      if (out)
        out->rate = how->rate;
      return out;
    }
    at += size + size % 2;
  }
  return wrong("has no data");
}

result<audio_frames> audio_frames::make(const settings& from) {
  const auto frame = whole_number(from, "FRAME", 400, 1, 1 << 20);
  const auto hop = whole_number(from, "HOP", 160, 1, 1 << 20);
  const auto channels = whole_number(from, "CHANNELS", 1, 1, most_channels);
  for (const auto* number : {&frame, &hop, &channels})
    if (!*number)
      return number->error();
  const auto window = trimmed(from("WINDOW"));
  if (!window.empty() && window != "none" && window != "hann")
    return {errc::invalid_argument, "WINDOW must be one of: none, hann",
            "mend environment.WINDOW in the manifest"};
  audio_frames out;
  out.frame_ = static_cast<size_t>(*frame);
  out.hop_ = static_cast<size_t>(*hop);
  out.channels_ = static_cast<uint32_t>(*channels);
  for (size_t i = 0; window == "hann" && i < out.frame_; ++i)
    out.window_.push_back(static_cast<float>(
      0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i)
                           / static_cast<double>(out.frame_))));
  return out;
}

result<audio_frames::frames> audio_frames::run(std::string_view body) const {
  auto read = body.starts_with("RIFF") ? read_wav(body)
                                       : read_pcm16(body, channels_);
  if (!read)
    return read.error();
  const auto& samples = read->samples;
  frames out;
  out.rate = read->rate;
  if (samples.size() >= frame_)
    out.count = 1 + (samples.size() - frame_) / hop_;
  if (out.count > most_bytes / (frame_ * sizeof(float)))
    return {errc::too_large,
            std::to_string(out.count) + " frames of "
              + std::to_string(frame_) + " samples are over 16 MiB",
            "send less sound at a time, or make HOP larger"};
  out.bytes.resize(out.count * frame_ * sizeof(float));
  auto* to = out.bytes.data();
  for (size_t n = 0; n < out.count; ++n)
    for (size_t i = 0; i < frame_; ++i, to += sizeof(float)) {
      const float value
        = samples[n * hop_ + i] * (window_.empty() ? 1.0F : window_[i]);
      std::memcpy(to, &value, sizeof(value));
    }
  return out;
}

} // namespace faas::builtin
