#include "libfaas/scaling/limits.hpp"

#include "libfaas/manifest/manifest.hpp"

#include <algorithm>
#include <charconv>

namespace faas::scaling {
namespace {

const std::string* label(const function_spec& spec, const char* which) {
  const auto found = spec.labels.find(std::string{"com.openfaas.scale."} + which);
  return found == spec.labels.end() ? nullptr : &found->second;
}

std::optional<uint32_t> number(const std::string* text) {
  uint32_t value = 0;
  if (!text)
    return std::nullopt;
  const auto* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, value);
  return read.ec == std::errc{} && read.ptr == end ? std::optional{value}
                                                   : std::nullopt;
}

bool yes(const std::string* text) {
  return text && (*text == "true" || *text == "1");
}

std::optional<duration> time(const std::string* text) {
  if (!text)
    return std::nullopt;
  const auto parsed = parse_duration(*text);
  return parsed && *parsed >= std::chrono::seconds{1} ? std::optional{*parsed}
                                                      : std::nullopt;
}

} // namespace

scale_limits limits_of(const function_spec& spec) {
  const auto& said = spec.petrel.scale;
  scale_limits made;
  made.most = std::max(spec.petrel.concurrency, 1u);
  const auto min = said.min ? said.min : number(label(spec, "min"));
  made.least = std::clamp(min.value_or(1), 1u, made.most);
  made.to_zero = said.min ? *said.min == 0 : yes(label(spec, "zero"));
  if (const auto idle
      = said.idle ? said.idle : time(label(spec, "zero-duration")))
    made.keep.idle = *idle;
  made.keep.learn = said.learn;
  made.keep.prewarm = said.prewarm;
  made.tuning.target_wait = said.wait;
  made.tuning.hold = said.hold;
  return made;
}

scale_limits asked_for(scale_limits said, uint32_t least) {
  said.least = std::clamp(least, 1u, said.most);
  said.to_zero = least == 0;
  return said;
}

bool says_how_many(const function_spec& spec) {
  return spec.petrel.scale.min || number(label(spec, "min"))
         || yes(label(spec, "zero"));
}

} // namespace faas::scaling
