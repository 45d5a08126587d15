#include "functions/host/sample_runs.hpp"

#include "libfaas/core/random.hpp"
#include "libfaas/forecast/theil_sen.hpp"
#include "libfaas/manifest/check.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace faas::host {
namespace {

namespace fs = std::filesystem;

constexpr size_t reason_bytes = 200;
constexpr size_t fact_bytes = 800;

class sample_context final : public invocation_context {
public:
  sample_context(const sample_bench& bench, const invocation& event)
    : bench_(bench), event_(event) {}
  bool cancelled() const noexcept override {
    return bench_.stopped() || remaining() <= duration::zero();
  }
  duration remaining() const noexcept override {
    return event_.deadline - bench_.now();
  }
  bool abandoned() const noexcept override { return bench_.stopped(); }
  void log(log_level level, std::string_view text) noexcept override {
    bench_.log(level, text, &event_.id);
  }

private:
  const sample_bench& bench_;
  const invocation& event_;
};

/// To three digits, or whole.
std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 100 ? "%.3g" : "%.0f", value);
  return text;
}

result<blob> read_body(const fs::path& file) {
  const auto most = spec_limits::sample_bytes;
  std::error_code missing;
  if (!fs::is_regular_file(file, missing))
    return {errc::not_found, "the bundle has no such file"};
  if (fs::file_size(file, missing) > most)
    return {errc::too_large,
            "it has more than " + std::to_string(most) + " bytes"};
  std::ifstream in{file, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{in}, {}};
  if (!in.is_open() || in.bad() || bytes.size() > most)
    return {errc::internal, "it cannot be read"};
  return blob{std::move(bytes)};
}

/// Runs of one sample so far.
struct progress {
  std::vector<double> ms;
  bool out = false;
};

class runs {
public:
  runs(const std::vector<sample>& samples,
       std::unique_ptr<function_instance>& instance, const sample_bench& bench,
       const sample_limits& limits)
    : samples_(samples), instance_(instance), bench_(bench), limits_(limits),
      began_(bench.now()),
      random_(static_cast<uint64_t>(began_.time_since_epoch().count())),
      progress_(samples.size()) {}

  sample_outcome all() {
    for (uint32_t round = 0; round <= limits_.timed && over_.empty(); ++round)
      for (size_t i = 0; i < samples_.size() && over_.empty(); ++i)
        if (!progress_[i].out && may_go_on())
          one(i, round > 0);
    for (size_t i = 0; i < samples_.size(); ++i)
      conclude(i);
    found_.took = bench_.now() - began_;
    return std::move(found_);
  }

private:
  /// Else says in `over_` why no more samples are run.
  bool may_go_on() {
    if (bench_.stopped())
      over_ = "the version was stopped meanwhile";
    else if (bench_.now() - began_ >= limits_.all)
      over_ = "no time was left for it; all samples have "
              + text_of(to_ms(limits_.all)) + " ms";
    else if (lost_ >= limits_.instances)
      over_ = "it was not run, since others had ended their instances";
    else if (!instance_)
      make();
    return over_.empty();
  }

  void make() {
    auto made = bench_.make_instance();
    if (made)
      instance_ = std::move(*made);
    else
      over_ = "no instance could be made: "
              + made.error().message.substr(0, reason_bytes);
  }

  void one(size_t i, bool counts) {
    auto event = samples_[i].event;
    event.id = call_id::make(random_);
    const auto start = event.accepted = bench_.now();
    event.deadline = start + limits_.each;
    sample_context context{bench_, event};
    const auto answer = instance_->invoke(event, context);
    const auto took = bench_.now() - start;
    auto why = wrong_with(answer, took);
    if (!instance_->usable()) {
      instance_.reset();
      ++lost_;
      if (why.empty())
        why = "its instance ended after it";
    }
    if (bench_.stopped())
      return;
    if (!why.empty())
      leave_out(i, why);
    else if (counts)
      progress_[i].ms.push_back(to_ms(took));
  }

  std::string wrong_with(const reply& answer, duration took) const {
    if (took > limits_.each)
      return "it took longer than " + text_of(to_ms(limits_.each)) + " ms";
    if (answer.code != errc::ok)
      return answer.message;
    return answer.status < 400
             ? std::string{}
             : "it was answered " + std::to_string(answer.status);
  }

  void leave_out(size_t i, const std::string& why) {
    progress_[i].out = true;
    found_.left_out.push_back(samples_[i].name + ": "
                              + why.substr(0, reason_bytes));
  }

  void conclude(size_t i) {
    auto& [ms, out] = progress_[i];
    if (out)
      return;
    if (ms.empty())
      return leave_out(i, over_);
    found_.points.push_back({samples_[i].event.size, forecast::median(ms)});
  }

  const std::vector<sample>& samples_;
  std::unique_ptr<function_instance>& instance_;
  const sample_bench& bench_;
  const sample_limits limits_;
  const time_point began_;
  random_source random_;
  std::vector<progress> progress_;
  sample_outcome found_;
  std::string over_;
  uint32_t lost_ = 0;
};

} // namespace

std::vector<sample> read_samples(const function_spec& spec,
                                 const fs::path& bundle,
                                 std::vector<std::string>& left_out) {
  std::vector<sample> all;
  for (const auto& wanted : spec.petrel.samples) {
    auto body = read_body(bundle / wanted.body);
    if (body && body->size() > spec.petrel.max_body_bytes)
      body = error{errc::too_large, "it is larger than petrel.max_body"};
    if (!body) {
      left_out.push_back(wanted.body + ": " + body.error().message);
      continue;
    }
    sample made{wanted.body, {}};
    auto& event = made.event;
    event.function = spec.name;
    event.body = std::move(*body);
    for (const auto& [name, value] : wanted.headers)
      event.headers.push_back({name, value});
    event.headers.push_back({"X-Faas-Sample", "1"});
    if (const auto* type = find_header(event.headers, "content-type"))
      event.content_type = *type;
    event.source = trigger::internal;
    all.push_back(std::move(made));
  }
  return all;
}

sample_outcome run_samples(const std::vector<sample>& samples,
                           std::unique_ptr<function_instance>& instance,
                           const sample_bench& bench,
                           const sample_limits& limits) {
  return runs{samples, instance, bench, limits}.all();
}

string_map sample_facts(const sample_outcome& found, size_t wanted) {
  std::string points, out;
  for (const auto& point : found.points)
    points += (points.empty() ? ": " : ", ") + ("n=" + text_of(point.size))
              + " " + text_of(point.ms) + " ms";
  for (const auto& line : found.left_out)
    out += (out.empty() ? "" : "; ") + line;
  string_map facts{{"samples", std::to_string(found.points.size()) + " of "
                                 + std::to_string(wanted) + points},
                   {"samples_ms", text_of(to_ms(found.took))}};
  if (!out.empty())
    facts["samples_left_out"] = out.substr(0, fact_bytes);
  return facts;
}

} // namespace faas::host
