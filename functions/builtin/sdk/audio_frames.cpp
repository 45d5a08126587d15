#include "functions/builtin/audio.hpp"

#include "functions/builtin/sdk/answers.hpp"

namespace {

using namespace faas;

class function {
public:
  explicit function(const sdk::config& node)
    : frames_(builtin::required(
      builtin::audio_frames::make(builtin::settings_of(node)))) {}

  sdk::response operator()(const sdk::request& event) const {
    auto done = frames_.run(event.body());
    if (!done)
      return builtin::refusal(done.error());
    sdk::headers headers{
      {"X-Tensor-Shape",
       std::to_string(done->count) + "," + std::to_string(frames_.frame())},
      {"X-Tensor-Datatype", "FP32"}};
    if (done->rate > 0)
      headers.emplace_back("X-Sample-Rate", std::to_string(done->rate));
    return {std::move(done->bytes), 200, "application/octet-stream",
            std::move(headers)};
  }

private:
  builtin::audio_frames frames_;
};

} // namespace

FAAS_FUNCTION(function)
