// Models on a GPU: a bare libtorch loop beside Petrel's instance (bytes in host
// memory in, reply out), with and without recorded graphs, and the CPU; and the
// pre-processing kernel beside its CPU twin and libtorch's operations. Rounds
// interleaved, medians, copies included.
//
//   bench_torch_cuda [OUT_FOLDER]     writes torch-cuda.md and torch-cuda.json
#include "functions/torch/torch_module.hpp"
#include "functions/torch/torch_runtime.hpp"
#include "tools/benchmarks/torch/models.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <thread>

namespace {

using namespace faas;
using namespace faas::torch_runtime;
using namespace torch_bench;
using clock_type = std::chrono::steady_clock;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr auto time_per_cell = std::chrono::milliseconds{1200};

class context final : public invocation_context {
public:
  bool cancelled() const noexcept override { return false; }
  duration remaining() const noexcept override { return std::chrono::hours{1}; }
  void log(log_level, std::string_view text) noexcept override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  }
};

template <class T>
T need(result<T> got, const char* what) {
  if (got)
    return *std::move(got);
  std::fprintf(stderr, "%s: %s\n", what, got.error().to_string().c_str());
  std::exit(1);
}

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

std::string noise(size_t bytes) {
  std::string made(bytes, '\0');
  uint32_t seed = 1;
  for (auto& byte : made)
    byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return made;
}

/// One way of running a batch, under a name.
struct contender {
  std::string name;
  std::function<void(int64_t n, const std::string& body)> run;
};

/// Medians in ms of all contenders on one batch, in turns.
std::vector<double> race(const std::vector<contender>& all, int64_t n,
                         size_t item_bytes) {
  const auto body = noise(static_cast<size_t>(n) * item_bytes);
  std::vector<std::vector<double>> times(all.size());
  for (int warm = 0; warm < 5; ++warm)
    for (const auto& one : all)
      one.run(n, body);
  const auto end
    = clock_type::now() + time_per_cell * static_cast<int>(all.size());
  for (int round = 0; round < 300 && (round < 5 || clock_type::now() < end);
       ++round)
    for (size_t i = 0; i < all.size(); ++i) {
      const auto began = clock_type::now();
      all[i].run(n, body);
      times[i].push_back(to_ms(clock_type::now() - began));
    }
  std::vector<double> medians;
  for (auto& one : times)
    medians.push_back(median(std::move(one)));
  return medians;
}

/// A loop as one writes it with libtorch alone.
contender bare(const bench_model& what, const device& gpu,
               memory_layout layout) {
  auto subject = std::make_shared<model>(
    need(model::load(what.folder / "model.pt", layout, gpu.place()), "bare"));
  const auto place = gpu.place();
  return {std::string{"bare "} + std::string{name(layout)},
          [subject, place, layout,
           prepare = what.prepare](int64_t n, const std::string& body) {
            const c10::InferenceMode inference;
            auto bytes
              = at::from_blob(const_cast<char*>(body.data()),
                              {static_cast<int64_t>(body.size())}, at::kByte)
                  .to(place);
            auto input = prepare(bytes, n);
            if (layout == memory_layout::channels_last)
              input = input.contiguous(at::MemoryFormat::ChannelsLast);
            auto labels
              = need(subject->run(
                       {input.contiguous(layout == memory_layout::channels_last
                                           ? at::MemoryFormat::ChannelsLast
                                           : at::MemoryFormat::Contiguous)}),
                     "bare")
                  .argmax(1)
                  .cpu();
            if (labels.const_data_ptr<int64_t>()[0] < 0)
              std::abort();
          }};
}

contender through(std::string name,
                  std::shared_ptr<function_instance> instance) {
  // Made once per size: in a node the body is there.
  auto event = std::make_shared<invocation>();
  return {std::move(name), [instance, event](int64_t, const std::string& body) {
            context calls;
            if (event->body.size() != body.size())
              event->body = blob{body};
            const auto answer = instance->invoke(*event, calls);
            if (answer.code != errc::ok) {
              std::fprintf(stderr, "%s\n", answer.message.c_str());
              std::exit(1);
            }
          }};
}

/// Petrel's modules of a model; they live as long as its instances are used.
struct petrel_side {
  std::vector<std::unique_ptr<torch_module>> modules;
  std::vector<contender> contenders;
  json facts;
};

petrel_side petrel(const bench_model& what, const std::shared_ptr<device>& gpu,
                   int threads) {
  petrel_side side;
  const auto inputs
    = need(tensor::input_layout::make({what.input}, 64 << 20), "input layout");
  const auto file = what.folder / "model.pt";
  prepare_thread(threads);
  auto trial = need(run_trial(file, inputs, output_kind::labels), "trial");
  auto outcome = run_gpu_trial(*gpu, file, inputs, trial, true);
  if (!outcome.chosen) {
    std::fprintf(stderr, "%s\n", outcome.why.c_str());
    std::exit(1);
  }
  const auto add = [&](const char* name, bool on_gpu, bool graphs) {
    auto module = std::make_unique<torch_module>(
      module_settings{inputs, output_kind::labels, threads, trial.step,
                      on_gpu ? gpu : nullptr, on_gpu, graphs},
      trial, on_gpu ? outcome : gpu_outcome{}, size_feature{}, 0);
    side.contenders.push_back(
      through(name, need(module->create_instance(), name)));
    if (on_gpu && graphs)
      for (const auto& [key, value] : module->facts())
        side.facts[key] = value;
    side.modules.push_back(std::move(module));
  };
  add("Petrel, graphs", true, true);
  add("Petrel, no graphs", true, false);
  add("Petrel, CPU", false, false);
  return side;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 1 ? "%.3f" : "%.2f", value);
  return text;
}

void model_table(const bench_model& what, const std::shared_ptr<device>& gpu,
                 int threads, std::string& page, json& out) {
  auto side = petrel(what, gpu, threads);
  std::vector<contender> all{bare(what, *gpu, memory_layout::nchw),
                             bare(what, *gpu, memory_layout::channels_last)};
  all.insert(all.end(), side.contenders.begin(), side.contenders.end());
  page += "\n### " + what.name + "\n\n| batch |";
  std::string rule = "\n|---|";
  for (const auto& one : all) {
    page += " " + one.name + " |";
    rule += "---|";
  }
  page += " best bare / Petrel |" + rule + "---|\n";
  json rows = json::array();
  for (const int64_t n : {1, 8, 32, 128}) {
    const auto ms = race(all, n, what.item_bytes);
    page += "| " + std::to_string(n) + " |";
    json row{{"batch", n}};
    for (size_t i = 0; i < all.size(); ++i) {
      page += " " + number(ms[i]) + " |";
      row[all[i].name] = ms[i];
    }
    const auto ratio = std::min(ms[0], ms[1]) / std::min(ms[2], ms[3]);
    page += " " + number(ratio) + " |\n";
    row["ratio"] = ratio;
    rows.push_back(std::move(row));
    std::printf("%s n=%ld done\n", what.name.c_str(), static_cast<long>(n));
    std::fflush(stdout);
  }
  page += "\n";
  for (const auto* key : {"layout", "batch_step", "trial_gpu"})
    page += std::string{key} + ": " + side.facts.value(key, "?") + "  \n";
  out["models"].push_back(
    {{"name", what.name}, {"facts", side.facts}, {"rows", rows}});
}

/// libtorch's operations on the GPU, without the copies, ms a call.
double operations_ms(const bench_model& what, const at::Tensor& bytes,
                     int64_t n) {
  const c10::InferenceMode inference;
  std::vector<double> times;
  constexpr int calls = 20;
  for (int round = 0; round < 9; ++round) {
    const auto began = clock_type::now();
    at::Tensor made;
    for (int i = 0; i < calls; ++i)
      made = what.prepare(bytes, n).contiguous();
    made.view({-1})[0].item<float>(); // waits for all of it
    times.push_back(to_ms(clock_type::now() - began) / calls);
  }
  return median(std::move(times));
}

void kernel_table(const bench_model& what, device& gpu, std::string& page,
                  json& out) {
  page += "\n### Pre-processing 224x224x3: bytes to floats, ms\n\n"
          "| batch | kernel planar | kernel channels-last | GB/s | libtorch's "
          "operations (GPU) | CPU twin, 1 thread | equal bits |\n"
          "|---|---|---|---|---|---|---|\n";
  const auto how = *tensor::normalisation::make(
    what.input.shape, what.input.mean, what.input.deviation);
  for (const int64_t n : {1, 8, 32, 128}) {
    const auto body = noise(static_cast<size_t>(n) * what.item_bytes);
    const std::span bytes{reinterpret_cast<const uint8_t*>(body.data()),
                          body.size()};
    std::vector<float> cpu(body.size()), floats(body.size());
    const auto began = clock_type::now();
    tensor::normalise(how, bytes, cpu, tensor::plane_order::planar);
    const auto twin = to_ms(clock_type::now() - began);
    const auto last = need(
      gpu.normalise(how, bytes, floats, tensor::plane_order::interleaved, 30),
      "kernel");
    const auto planar
      = need(gpu.normalise(how, bytes, floats, tensor::plane_order::planar, 30),
             "kernel");
    const bool equal = cpu == floats;
    const auto there
      = at::from_blob(const_cast<char*>(body.data()),
                      {static_cast<int64_t>(body.size())}, at::kByte)
          .to(gpu.place());
    const auto operations = operations_ms(what, there, n);
    const auto rate = static_cast<double>(body.size()) * 5 / planar / 1e6;
    char line[200];
    std::snprintf(line, sizeof line,
                  "| %ld | %.4f | %.4f | %.0f | %.4f | %.2f | %s |\n",
                  static_cast<long>(n), planar, last, rate, operations, twin,
                  equal ? "yes" : "NO");
    page += line;
    out["kernel"].push_back({{"batch", n},
                             {"planar_ms", planar},
                             {"channels_last_ms", last},
                             {"gb_per_s", rate},
                             {"operations_ms", operations},
                             {"cpu_ms", twin},
                             {"equal", equal}});
  }
}

int bench(const fs::path& folder) {
  const auto found = open_cuda(); // before libtorch is used
  if (!found.gpu) {
    std::printf("skipped: %s\n", found.why.c_str());
    return 0;
  }
  char name[] = "/tmp/petrel-bench-XXXXXX";
  if (!::mkdtemp(name))
    return 1;
  const fs::path models = name;
  const auto threads
    = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1u));
  const auto facts = found.gpu->facts();
  json out{{"gpu", facts.name},
           {"capability", facts.capability},
           {"memory_bytes", facts.total_bytes},
           {"cpu_threads", threads}};
  std::string page = "## torch on " + facts.name + "\n\nMedian ms per batch of "
                     + "interleaved calls, from bytes in host memory to the "
                       "reply; random weights. CPU: "
                     + std::to_string(threads) + " threads.\n";
  const auto resnet = resnet18(models);
  model_table(small_cnn(models), found.gpu, threads, page, out);
  model_table(resnet, found.gpu, threads, page, out);
  kernel_table(resnet, *found.gpu, page, out);
  std::printf("%s", page.c_str());
  fs::create_directories(folder);
  std::ofstream{folder / "torch-cuda.md"} << page;
  std::ofstream{folder / "torch-cuda.json"} << out.dump(1) << "\n";
  std::error_code ignored;
  fs::remove_all(models, ignored);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  int status = 1;
  std::thread{[&] { status = bench(argc > 1 ? argv[1] : "."); }}.join();
  return status;
}
