#include "libfaas/manifest/check.hpp"

#include "libfaas/manifest/choices.hpp"
#include "libfaas/manifest/platform.hpp"
#include "libfaas/manifest/process.hpp"
#include "libfaas/routing/policies/catalog.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace faas {
namespace {

using problems = std::vector<problem>;

constexpr std::string_view datatypes[]
  = {"BOOL",  "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16",
     "INT32", "INT64", "FP16",   "FP32",   "FP64",   "BF16", "BYTES"};

bool printable(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// Stays inside the bundle: relative, no "..", no empty part.
bool inside_bundle(std::string_view path) noexcept {
  if (path.size() > 255 || !printable(path)
      || path.find('\\') != std::string_view::npos)
    return false;
  while (true) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..")
      return false;
    if (slash == std::string_view::npos)
      return true;
    path.remove_prefix(slash + 1);
  }
}

bool header_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 128
         && std::all_of(text.begin(), text.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                     || (c >= '0' && c <= '9') || c == '-' || c == '_';
            });
}

/// A program has no artifact, so its kind stays what it is by default.
bool kind_fits(artifact_kind kind, runtime_kind runtime) noexcept {
  return (kind == artifact_kind::native) == (runtime != runtime_kind::torch);
}

void check_artifact(const petrel_spec& p, problems& out) {
  if (!p.artifact.empty() && !inside_bundle(p.artifact))
    out.push_back(
      {"petrel.artifact",
       "must be a relative path inside the bundle, without \"..\""});
  if (!kind_fits(p.kind, p.runtime))
    out.push_back({"petrel.artifact_kind",
                   "\"" + std::string{name(p.kind)}
                     + "\" does not go with runtime \""
                     + std::string{name(p.runtime)}
                     + "\"; native: native; torch: torchscript, aoti; "
                       "process: leave it out"});
  if (p.output != "labels" && p.output != "tensor")
    out.push_back({"petrel.output", "must be one of: labels, tensor"});
}

void check_size(const size_feature& size, problems& out) {
  using kind = size_feature::kind;
  if (!(size.divisor > 0) || !std::isfinite(size.divisor))
    out.push_back({"petrel.size.divisor", "must be a number above 0"});
  if (size.from == kind::header && !header_name(size.name))
    out.push_back({"petrel.size.name", "must be the name of a header"});
  if (size.from == kind::json_pointer
      && ((!size.name.empty() && size.name[0] != '/')
          || size.name.size() > 256))
    out.push_back({"petrel.size.name",
                   "must be a JSON pointer (RFC 6901), for example /images"});
}

void check_range(const char* key, uint64_t value, uint64_t low, uint64_t high,
                 problems& out) {
  if (value < low || value > high)
    out.push_back(
      {key, "must be " + std::to_string(low) + " to " + std::to_string(high)});
}

void check_numbers(const petrel_spec& p, problems& out) {
  using namespace std::chrono_literals;
  check_range("petrel.concurrency", p.concurrency, 1, spec_limits::concurrency,
              out);
  check_range("petrel.queue", p.queue, 0, spec_limits::queue, out);
  check_range("petrel.max_body", p.max_body_bytes, 1, limits::body_bytes, out);
  if (p.timeout < 1ms || p.timeout > limits::max_event_timeout)
    out.push_back({"petrel.timeout", "must be 1ms to 3600s"});
}

void check_topics(const petrel_spec& p, problems& out) {
  if (p.topics.size() > spec_limits::topics)
    out.push_back(
      {"petrel.topics", "at most " + std::to_string(spec_limits::topics)});
  for (const auto& topic : p.topics)
    if (!valid_topic_filter(topic))
      out.push_back({"petrel.topics",
                     "\"" + topic.substr(0, 64)
                       + "\" is not an MQTT topic filter; `+` fills a whole "
                         "level, `#` is the last one"});
  const auto& reply = p.reply_topic;
  if (!printable(reply) || reply.size() > spec_limits::topic_bytes
      || reply.find_first_of("+#") != std::string::npos)
    out.push_back({"petrel.reply_topic",
                   "must be an MQTT topic without `+` and `#`; {topic} stands "
                   "for the topic of the event"});
}

void check_key(const petrel_spec& p, problems& out) {
  if (!p.key.empty() && !header_name(p.key))
    out.push_back({"petrel.key", "must be the name of a header"});
}

void check_policy(const petrel_spec& p, problems& out) {
  const std::string_view policy = p.policy;
  constexpr std::string_view prefix = "static:";
  if (policy.starts_with(prefix) && policy.size() > prefix.size()
      && policy.size() < 200 && printable(policy)
      && policy.find(' ') == std::string_view::npos)
    return;
  if (policy.starts_with("static"))
    return out.push_back({"petrel.policy",
                          "static needs a site: static:SITE (for example "
                          "static:edge-1/cpu)"});
  const auto known = routing::make_policy(policy);
  if (!known)
    out.push_back({"petrel.policy", known.error().message + "; "
                                      + known.error().next_step});
  else if ((*known)->hedging() != nullptr && !p.idempotent)
    out.push_back({"petrel.policy",
                   "hedging runs an event at two sites, which needs "
                   "idempotent: true"});
}

void check_rollout(const rollout_plan& plan, problems& out) {
  using namespace std::chrono_literals;
  const auto& steps = plan.steps;
  const bool rising
    = std::adjacent_find(steps.begin(), steps.end(), std::greater_equal<>{})
      == steps.end();
  if (!rising || steps.size() > spec_limits::rollout_steps
      || (!steps.empty() && (steps.front() < 1 || steps.back() > 99)))
    out.push_back({"petrel.rollout.steps",
                   "must be at most "
                     + std::to_string(spec_limits::rollout_steps)
                     + " rising shares of 1% to 99%, for example "
                       "[5%, 25%, 50%]; all the traffic comes after the last"});
  if (plan.least < 1s || plan.least > 24h)
    out.push_back({"petrel.rollout.least", "must be 1s to 24h"});
}

void check_normalisation(const tensor_spec& input, const std::string& key,
                         problems& out) {
  const auto &mean = input.mean, &deviation = input.deviation;
  if (mean.empty() && deviation.empty())
    return;
  const auto channels = mean.size();
  const bool images = input.datatype == "UINT8" && input.shape.size() == 4
                      && input.shape.front() == -1
                      && input.shape.back() == static_cast<int64_t>(channels);
  if (!images || channels > 4 || deviation.size() != channels)
    out.push_back({key + ".mean",
                   "goes with std and images: datatype UINT8, shape "
                   "[-1, height, width, channels], and one number of each per "
                   "channel, of which there may be 4"});
  const auto wrong = [](double x) { return !(x > -1e6 && x < 1e6); };
  if (std::any_of(mean.begin(), mean.end(), wrong)
      || std::any_of(deviation.begin(), deviation.end(),
                     [](double x) { return !(x >= 1e-6 && x < 1e6); }))
    out.push_back({key + ".std", "must be at least 0.000001, mean and std "
                                 "below 1000000"});
}

void check_scale(const petrel_spec& p, problems& out) {
  using namespace std::chrono_literals;
  const auto& scale = p.scale;
  if (scale.min && *scale.min > p.concurrency)
    out.push_back({"petrel.scale.min",
                   "must be 0 to petrel.concurrency, which is "
                     + std::to_string(p.concurrency)});
  if (scale.idle && (*scale.idle < 1s || *scale.idle > 24h))
    out.push_back({"petrel.scale.idle", "must be 1s to 24h"});
  if (scale.wait && (*scale.wait < 100us || *scale.wait > 60s))
    out.push_back({"petrel.scale.wait", "must be 100us to 60s"});
  if (scale.hold < 1s || scale.hold > 1h)
    out.push_back({"petrel.scale.hold", "must be 1s to 1h"});
}

void check_input(const tensor_spec& input, const std::string& key,
                 problems& out) {
  if (input.name.empty() || input.name.size() > 128 || !printable(input.name))
    out.push_back({key + ".name", "must be 1 to 128 characters"});
  if (std::find(std::begin(datatypes), std::end(datatypes), input.datatype)
      == std::end(datatypes)) {
    std::string all;
    for (const auto type : datatypes)
      all += (all.empty() ? "" : ", ") + std::string{type};
    out.push_back({key + ".datatype", "must be one of: " + all});
  }
  const auto& shape = input.shape;
  if (shape.empty() || shape.size() > spec_limits::rank
      || std::count(shape.begin(), shape.end(), -1) > 1
      || std::any_of(shape.begin(), shape.end(), [](int64_t d) {
           return d != -1 && (d < 1 || d > spec_limits::dimension);
         }))
    out.push_back({key + ".shape", "must be 1 to 8 numbers of at least 1; one "
                                   "of them may be -1, the batch"});
  check_normalisation(input, key, out);
}

void check_batch(const batch_plan& batch, problems& out) {
  using namespace std::chrono_literals;
  check_range("petrel.batch.max", batch.most, 0, spec_limits::batch, out);
  if (batch.window < 0ms || batch.window > 1s)
    out.push_back({"petrel.batch.window", "must be 0s to 1s"});
}

/// Header names, in lower case, that an event gets from the node itself.
constexpr std::string_view set_by_node[]
  = {"connection", "content-length", "expect",       "host",
     "keep-alive", "te",             "trailer",      "transfer-encoding",
     "upgrade",    "x-call-id",      "x-faas-sample"};

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c + ('a' - 'A'));
  return text;
}

void check_headers(const string_map& headers, const std::string& key,
                   problems& out) {
  if (headers.size() > spec_limits::sample_headers)
    out.push_back(
      {key, "at most " + std::to_string(spec_limits::sample_headers)});
  std::vector<std::string> seen;
  for (const auto& [name, value] : headers) {
    const auto shown = "\"" + name.substr(0, 64) + "\" ";
    const auto plain = lower(name);
    if (!header_name(name))
      out.push_back({key, shown + "is not the name of a header"});
    else if (std::find(std::begin(set_by_node), std::end(set_by_node), plain)
             != std::end(set_by_node))
      out.push_back({key, shown + "is set by the node; leave it out"});
    else if (std::find(seen.begin(), seen.end(), plain) != seen.end())
      out.push_back({key, shown + "is there twice; case does not count"});
    if (value.size() > spec_limits::sample_header_bytes || !printable(value))
      out.push_back(
        {key, shown + "must have a value of one line, at most "
                + std::to_string(spec_limits::sample_header_bytes)
                + " bytes"});
    seen.push_back(plain);
  }
}

void check_samples(const petrel_spec& p, problems& out) {
  if (p.samples.size() > spec_limits::samples)
    out.push_back({"petrel.samples",
                   "at most " + std::to_string(spec_limits::samples)});
  for (size_t i = 0; i < p.samples.size(); ++i) {
    const auto key = "petrel.samples[" + std::to_string(i) + "]";
    if (!inside_bundle(p.samples[i].body))
      out.push_back({key + ".body",
                     "must be the path of a file in the function's folder, "
                     "relative, without \"..\": for example "
                     "samples/small.json"});
    check_headers(p.samples[i].headers, key + ".headers", out);
  }
}

void check_platform(const platform_build& build, const petrel_spec& p,
                    const std::string& key, problems& out) {
  if (build.os != "linux")
    out.push_back({key + ".os", "must be linux"});
  if (const auto why = wrong_isa(build.arch, build.isa); !why.empty())
    out.push_back({key + (build.isa.empty() ? ".arch" : ".isa"), why});
  if (!kind_fits(build.kind, p.runtime))
    out.push_back({key + ".artifact_kind",
                   "does not go with runtime \""
                     + std::string{name(p.runtime)} + "\""});
  if (!build.artifact.empty() && !inside_bundle(build.artifact))
    out.push_back({key + ".artifact", "must be a relative path inside the "
                                      "bundle, without \"..\""});
}

void check_platforms(const petrel_spec& p, problems& out) {
  if (p.platforms.size() > spec_limits::platforms)
    out.push_back({"petrel.platforms",
                   "at most " + std::to_string(spec_limits::platforms)});
  for (size_t i = 0; i < p.platforms.size(); ++i) {
    const auto& build = p.platforms[i];
    const auto key = "petrel.platforms[" + std::to_string(i) + "]";
    check_platform(build, p, key, out);
    for (size_t j = 0; j < i; ++j)
      if (const auto& other = p.platforms[j];
          other.os == build.os && other.arch == build.arch
          && other.isa == build.isa && other.kind == build.kind)
        out.push_back({key, "is for the same platform as another one"});
  }
}

void check_needs(const placement_needs& needs, problems& out) {
  for (const auto& tier : needs.tiers)
    if (tier.empty() || tier.size() > 63 || !printable(tier))
      out.push_back({"petrel.needs.tiers", "a tier is 1 to 63 characters"});
  for (const auto& node : needs.nodes)
    if (!valid_function_name(node))
      out.push_back({"petrel.needs.nodes",
                     "\"" + node.substr(0, 64) + "\" is not a node's name"});
}

} // namespace

bool valid_topic_filter(std::string_view text) noexcept {
  if (text.empty() || text.size() > spec_limits::topic_bytes
      || !printable(text))
    return false;
  while (true) {
    const auto slash = text.find('/');
    const auto level = text.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    if (level.find_first_of("+#") != std::string_view::npos
        && !(level == "+" || (level == "#" && last)))
      return false;
    if (last)
      return true;
    text.remove_prefix(slash + 1);
  }
}

namespace {

void check_deadline(const function_spec& spec, problems& out) {
  using namespace std::chrono_literals;
  const auto& p = spec.petrel;
  if (p.deadline != duration{} && (p.deadline < 1ms || p.deadline > p.timeout))
    out.push_back({"petrel.deadline", "must be 1ms to the timeout"});
  if (p.lighter.empty())
    return;
  if (!valid_function_name(p.lighter))
    out.push_back({"petrel.lighter", "must be the name of a function"});
  else if (p.lighter == spec.name.str())
    out.push_back({"petrel.lighter", "must be another function"});
}

} // namespace

std::vector<problem> check(const function_spec& spec) {
  problems out;
  if (!valid_function_name(spec.name.str()))
    out.push_back({"", "the name of a function is 1 to 63 of a-z, 0-9 and -, "
                       "with no - at either end"});
  const auto& p = spec.petrel;
  check_artifact(p, out);
  for (auto& problem : check_process(spec))
    out.push_back(std::move(problem));
  check_size(p.size, out);
  check_needs(p.needs, out);
  check_topics(p, out);
  check_numbers(p, out);
  check_key(p, out);
  check_policy(p, out);
  check_deadline(spec, out);
  check_rollout(p.rollout, out);
  check_batch(p.batch, out);
  check_scale(p, out);
  check_platforms(p, out);
  check_samples(p, out);
  if (p.inputs.size() > spec_limits::inputs)
    out.push_back(
      {"petrel.inputs", "at most " + std::to_string(spec_limits::inputs)});
  for (size_t i = 0; i < p.inputs.size(); ++i)
    check_input(p.inputs[i], "petrel.inputs[" + std::to_string(i) + "]", out);
  return out;
}

} // namespace faas
