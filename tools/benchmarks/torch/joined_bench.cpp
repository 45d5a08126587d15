// Single images as events through a node's host, joined into batches and not,
// beside a bare libtorch loop at its best batch size: images a second on one
// executor. In process: no HTTP. Medians of interleaved rounds.
//
//   bench_torch_joined [MODEL_FOLDER [ROUNDS]]
//   bench_torch_joined MODEL_FOLDER bare: one round of the bare loop only
//   bench_torch_joined MODEL_FOLDER fed RATE SECONDS: the bare loop, fed one image
//     after the other at random times; each run takes what has come
#include "functions/host/node_hosts.hpp"
#include "functions/torch/torch_runtime.hpp"
#include "functions/torch/trial.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <random>
#include <thread>

namespace {

using namespace faas;
using namespace faas::torch_runtime;
using clock_type = std::chrono::steady_clock;

constexpr int64_t image_bytes = 784;
constexpr int events_a_round = 3000;
constexpr int in_flight = 64;

/// Counts answers; lets the sender go on when there is room.
class sink final : public completion_sink,
                   public std::enable_shared_from_this<sink> {
public:
  void complete(uint64_t, reply&& answer) noexcept override {
    const std::lock_guard lock{mutex_};
    failed_ += answer.code != errc::ok;
    --open_;
    changed_.notify_one();
  }
  bool wanted(uint64_t) const noexcept override { return true; }
  void enter() {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, std::chrono::seconds{60},
                      [&] { return open_ < in_flight; });
    ++open_;
  }
  int drain() {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, std::chrono::seconds{60},
                      [&] { return open_ == 0; });
    return failed_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0, failed_ = 0;
};

function_spec classify(uint32_t most) {
  function_spec spec;
  spec.name = function_name{"classify"};
  auto& p = spec.petrel;
  p.runtime = runtime_kind::torch;
  p.kind = artifact_kind::torchscript;
  p.mode = trust_mode::threads;
  p.artifact = "model.pt";
  p.inputs = {{"images", "UINT8", {-1, 1, 28, 28}}};
  p.device = device_choice::cpu;
  p.batch.most = most;
  return spec;
}

std::string image() {
  std::string bytes(image_bytes, '\0');
  uint32_t seed = 1;
  for (auto& byte : bytes)
    byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

std::shared_ptr<function_host> open(host::node_function_hosts& hosts,
                                    const std::filesystem::path& folder,
                                    uint32_t most, uint32_t version) {
  host_request request;
  request.spec = classify(most);
  request.version = {request.spec.name, version};
  request.folder = folder;
  std::promise<result<void>> ready;
  host_events events;
  events.loaded = [&](result<void> how) { ready.set_value(std::move(how)); };
  auto opened = hosts.open(std::move(request), std::move(events));
  const auto how = opened ? ready.get_future().get() : opened.error();
  if (!how) {
    std::fprintf(stderr, "%s\n", how.error().to_string().c_str());
    std::exit(1);
  }
  return *opened;
}

double images_a_second(function_host& host) {
  const auto got = std::make_shared<sink>();
  const blob body{image()};
  const auto began = clock_type::now();
  for (int i = 0; i < events_a_round; ++i) {
    got->enter();
    invocation event;
    event.body = body;
    event.deadline = clock_type::now() + std::chrono::seconds{30};
    host.submit(std::move(event), {got, static_cast<uint64_t>(i)});
  }
  if (const auto failed = got->drain(); failed != 0)
    std::printf("%d events failed\n", failed);
  return events_a_round * 1e3 / to_ms(clock_type::now() - began);
}

at::Tensor batch_of(std::string& body, int64_t n, memory_layout layout) {
  auto input = at::from_blob(body.data(), {n, 1, 28, 28}, at::kByte);
  return layout == memory_layout::channels_last
           ? input.as_strided(input.sizes(), {784, 1, 28, 1})
           : input;
}

double bare(model& subject, int64_t n) {
  const c10::InferenceMode inference;
  std::string body;
  for (int64_t i = 0; i < n; ++i)
    body += image();
  const auto calls = std::max<int64_t>(events_a_round / n, 3);
  const auto began = clock_type::now();
  for (int64_t call = 0; call < calls; ++call) {
    if (!subject.run({batch_of(body, n, subject.layout())}))
      std::exit(1);
  }
  return static_cast<double>(calls * n) * 1e3
         / to_ms(clock_type::now() - began);
}

/// Images that come at random times, on a thread of their own.
class arrivals {
public:
  arrivals(double rate, double seconds)
    : thread_([this, rate, seconds] { make(rate, seconds); }) {}
  ~arrivals() { thread_.join(); }

  /// When each of those that wait was due, at most `most`; empty: the end.
  std::vector<clock_type::time_point> take(size_t most) {
    std::unique_lock lock{mutex_};
    came_.wait(lock, [&] { return over_ || !waiting_.empty(); });
    const auto count = std::min(most, waiting_.size());
    std::vector<clock_type::time_point> taken{
      waiting_.begin(), waiting_.begin() + static_cast<int64_t>(count)};
    waiting_.erase(waiting_.begin(),
                   waiting_.begin() + static_cast<int64_t>(count));
    return taken;
  }

private:
  void make(double rate, double seconds) {
    std::mt19937_64 random{1};
    std::exponential_distribution<double> gap{rate};
    const auto start = clock_type::now();
    for (double at = gap(random); at < seconds; at += gap(random)) {
      const auto due
        = start + std::chrono::duration_cast<duration>(
                    std::chrono::duration<double>(at));
      std::this_thread::sleep_until(due);
      const std::lock_guard lock{mutex_};
      waiting_.push_back(due);
      came_.notify_one();
    }
    const std::lock_guard lock{mutex_};
    over_ = true;
    came_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<clock_type::time_point> waiting_;
  bool over_ = false;
  std::thread thread_; ///< last: it uses the others
};

/// What no server can beat: no HTTP, no other thread but the arrivals'.
int print_fed(const std::filesystem::path& folder, double rate,
              double seconds) {
  prepare_thread(1);
  const auto layout = memory_layout::channels_last;
  auto subject = model::load(folder / "model.pt", layout);
  if (!subject)
    return 1;
  const c10::InferenceMode inference;
  constexpr int64_t most = 32;
  std::string body;
  for (int64_t i = 0; i < most; ++i)
    body += image();
  for (int64_t n = 1; n <= most; ++n)
    std::ignore = subject->run({batch_of(body, n, layout)}); // warms up
  std::vector<double> ms;
  arrivals from{rate, seconds};
  for (auto due = from.take(most); !due.empty(); due = from.take(most)) {
    if (!subject->run(
          {batch_of(body, static_cast<int64_t>(due.size()), layout)}))
      return 1;
    for (const auto one : due)
      ms.push_back(to_ms(clock_type::now() - one));
  }
  std::sort(ms.begin(), ms.end());
  if (ms.empty())
    return 1;
  std::printf("{\"sent\": %zu, \"failed\": 0, \"p50_ms\": %.3f, "
              "\"p99_ms\": %.3f}\n",
              ms.size(), ms[ms.size() / 2], ms[ms.size() * 99 / 100]);
  return 0;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The most images a second of the bare loop, in either layout.
int print_best_bare(const std::filesystem::path& folder) {
  prepare_thread(1);
  double best = 0;
  for (const auto layout : {memory_layout::nchw, memory_layout::channels_last})
    if (auto subject = model::load(folder / "model.pt", layout))
      for (const int64_t n : {32, 128}) {
        bare(*subject, n); // warms up
        best = std::max(best, bare(*subject, n));
      }
  std::printf("%.1f\n", best);
  return best > 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "examples/classify";
  if (argc > 2 && std::string_view{argv[2]} == "bare")
    return print_best_bare(folder);
  if (argc > 4 && std::string_view{argv[2]} == "fed")
    return print_fed(folder, std::atof(argv[3]), std::atof(argv[4]));
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  host::node_hosts_config config;
  config.node = node_name{"bench"};
  config.trust.trust_all = true;
  config.threads = 1;
  host::node_function_hosts hosts{config};
  hosts.add_runtime(runtime_kind::torch,
                    []() -> result<std::unique_ptr<function_runtime>> {
                      return std::unique_ptr<function_runtime>{
                        std::make_unique<torch_runtime::runtime>(1)};
                    });
  const auto joined = open(hosts, folder, 0, 1),
             single = open(hosts, folder, 1, 2);
  const auto layout = joined->facts()["layout"] == "nchw"
                        ? memory_layout::nchw
                        : memory_layout::channels_last;
  auto subject = model::load(folder / "model.pt", layout);
  if (!subject)
    return 1;
  prepare_thread(1);
  std::vector<double> loops[4], with, without;
  const int64_t sizes[] = {1, 8, 32, 128};
  for (int round = 0; round <= rounds; ++round) {
    for (size_t i = 0; i < 4; ++i)
      loops[i].push_back(bare(*subject, sizes[i]));
    with.push_back(images_a_second(*joined));
    without.push_back(images_a_second(*single));
  }
  double best = 0;
  for (size_t i = 0; i < 4; ++i) {
    best = std::max(best, median(loops[i]));
    std::printf("bare loop, n=%-4ld %8.0f images/s\n",
                static_cast<long>(sizes[i]), median(loops[i]));
  }
  std::printf("events one by one %8.0f images/s, %.2f of the best loop\n",
              median(without), median(without) / best);
  std::printf("events joined     %8.0f images/s, %.2f of the best loop\n",
              median(with), median(with) / best);
  for (const auto* key : {"batch_most", "batches", "events_in_batches"})
    std::printf("%s %s\n", key, joined->facts()[key].c_str());
  hosts.stop(std::chrono::seconds{5});
  return 0;
}
