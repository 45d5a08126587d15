#include "functions/torch/aoti_package.hpp"

#include "functions/torch/elf_needs.hpp"

#include <caffe2/serialize/inline_container.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/inductor/aoti_runner/model_container_runner_cpu.h>
#include <torch/csrc/inductor/aoti_torch/tensor_converter.h>

#include <ATen/Version.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <stdlib.h>

namespace faas::torch_runtime {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t most_bytes = uint64_t{2} << 30;
constexpr std::array levels{"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
const char* const how_to_compile
  = "compile it with tools/train/aoti_package.py, or with inductor_configs="
    "{\"aot_inductor.link_libtorch\": False}";

error bad(const fs::path& file, const std::string& what) {
  return {errc::bad_bundle, file.filename().string() + " " + what,
          how_to_compile};
}

/// A folder that only this process may read; removed at the end.
class unpacked {
public:
  static std::optional<unpacked> make() {
    std::error_code failed;
    auto name
      = (fs::temp_directory_path(failed) / "petrel-aoti-XXXXXX").string();
    if (failed || !::mkdtemp(name.data()))
      return std::nullopt;
    return unpacked{name};
  }
  ~unpacked() {
    std::error_code ignored;
    if (!folder_.empty())
      fs::remove_all(folder_, ignored);
  }
  unpacked(unpacked&& other) noexcept
    : folder_(std::exchange(other.folder_, {})) {}
  unpacked& operator=(unpacked&&) = delete;

  const fs::path& folder() const noexcept { return folder_; }

private:
  explicit unpacked(fs::path folder) : folder_(std::move(folder)) {}
  fs::path folder_;
};

/// What lies in the unpacked folder.
struct contents {
  fs::path library;
  std::string library_bytes;
  std::map<std::string, std::string> metadata;
};

void read_metadata(std::string_view text, contents& into) {
  const auto read = nlohmann::json::parse(text, nullptr, false);
  if (!read.is_object())
    return;
  for (const auto& [key, value] : read.items())
    if (value.is_string())
      into.metadata[key] = value.get<std::string>();
}

/// Names of records become file names: only the last part counts, so nothing
/// is written elsewhere.
result<contents> unpack(const fs::path& file, const fs::path& folder) {
  caffe2::serialize::PyTorchStreamReader archive{file.string()};
  contents found;
  uint64_t sum = 0;
  for (const auto& record : archive.getAllRecords()) {
    if (record.find("data/aotinductor/") == record.npos)
      continue;
    const auto name = fs::path{record}.filename();
    sum += archive.getRecordSize(record);
    if (sum > most_bytes)
      return bad(file, "unpacks to more than 2 GiB");
    const auto [data, size] = archive.getRecord(record);
    const std::string_view bytes{static_cast<const char*>(data.get()), size};
    if (name.string().ends_with("_metadata.json"))
      read_metadata(bytes, found);
    if (name.extension() == ".so") {
      if (!found.library.empty())
        return bad(file, "holds more than one model");
      found.library = folder / name;
      found.library_bytes = bytes;
    }
    std::ofstream out{folder / name, std::ios::binary};
    out.write(bytes.data(), static_cast<std::streamsize>(size));
    if (!out.flush())
      return error{errc::storage_full,
                   "cannot unpack the model to " + folder.string(),
                   "free some space there, or set TMPDIR"};
  }
  if (found.library.empty())
    return bad(file, "holds no model compiled by AOTInductor");
  return found;
}

/// Refuses what would crash the process or run wrongly.
result<void> check(const fs::path& file, const contents& found) {
  const auto needs = elf_needs(found.library_bytes);
  if (!needs)
    return bad(file, "cannot be run: " + needs.error().message);
  for (const auto& name : *needs)
    if (name == "libtorch.so")
      return bad(file, "needs libtorch.so, which wants all of CUDA and may be "
                       "another version's: it was compiled with its defaults");
  if (const auto why = wrong_machine(found.metadata, machine_isa());
      !why.empty())
    return bad(file, why);
  return {};
}

/// Packages ask for libtorch's functions without naming its library, and check
/// their arguments only when the environment says so.
void prepare_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 0);
    Dl_info libtorch{};
    if (::dladdr(reinterpret_cast<const void*>(&at::show_config), &libtorch)
        && libtorch.dli_fname)
      ::dlopen(libtorch.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
  });
}

size_t place_of(std::string_view level) {
  return static_cast<size_t>(std::find(levels.begin(), levels.end(), level)
                             - levels.begin());
}

std::string value_of(const std::map<std::string, std::string>& map,
                     const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string{} : found->second;
}

} // namespace

std::string_view machine_isa() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4"))
    return "x86-64-v4";
  if (__builtin_cpu_supports("x86-64-v3"))
    return "x86-64-v3";
  return __builtin_cpu_supports("x86-64-v2") ? "x86-64-v2" : "x86-64";
#else
  return {};
#endif
}

std::string wrong_machine(const std::map<std::string, std::string>& metadata,
                          std::string_view machine) {
  if (const auto device = value_of(metadata, "AOTI_DEVICE_KEY");
      !device.empty() && device != "cpu")
    return "is compiled for " + device + "; this runtime runs packages for cpu";
  const auto wanted = value_of(metadata, "petrel_isa");
  if (wanted.empty())
    return {};
  if (place_of(wanted) >= levels.size())
    return "is compiled for the unknown instruction set " + wanted;
  return place_of(wanted) <= place_of(machine)
           ? std::string{}
           : "is compiled for " + wanted + ", and this machine is "
               + std::string{machine};
}

/// libtorch's run() loses the inputs when a package refuses them: a leak for
/// each such event.
class aoti_runner final : public torch::inductor::AOTIModelContainerRunnerCpu {
public:
  using AOTIModelContainerRunnerCpu::AOTIModelContainerRunnerCpu;

  std::vector<at::Tensor> run_all(const std::vector<at::Tensor>& inputs) {
    auto handles
      = torch::aot_inductor::unsafe_alloc_new_handles_from_tensors(inputs);
    try {
      return run_impl(handles, nullptr);
    } catch (...) {
      for (auto* each : handles) // what the package took is null
        if (each)
          aoti_torch_delete_tensor_object(each);
      throw;
    }
  }
};

aoti_package::aoti_package(std::unique_ptr<aoti_runner> runner,
                           std::string isa)
  : runner_(std::move(runner)), isa_(std::move(isa)) {}

aoti_package::~aoti_package() = default;

result<std::shared_ptr<aoti_package>> aoti_package::load(const fs::path& file,
                                                         size_t runners) try {
  auto place = unpacked::make();
  if (!place)
    return error{errc::storage_full, "cannot make a temporary folder",
                 "set TMPDIR to a folder that can be written"};
  auto found = unpack(file, place->folder());
  if (!found)
    return found.error();
  if (auto fits = check(file, *found); !fits)
    return fits.error();
  prepare_process();
  auto runner = std::make_unique<aoti_runner>(
    found->library.string(), std::max<size_t>(runners, 1));
  return std::shared_ptr<aoti_package>{new aoti_package{
    std::move(runner), value_of(found->metadata, "petrel_isa")}};
} catch (const std::exception& thrown) {
  return bad(file, "cannot be loaded: " + reason(thrown));
}

result<at::Tensor> aoti_package::run(std::vector<c10::IValue> inputs) noexcept
  try {
  std::vector<at::Tensor> tensors;
  for (auto& input : inputs)
    tensors.push_back(std::move(input).toTensor());
  auto outputs = runner_->run_all(tensors);
  if (outputs.empty())
    return error{errc::function_failed, "the model returned nothing",
                 "mend the model, or petrel.output in stack.yml"};
  return outputs.front();
} catch (const std::exception& thrown) {
  auto why = reason(thrown);
  if (why.find("API call failed") != why.npos) // its words went to stderr
    why = "its compiled code failed, or refused the shape or type of an input";
  return error{errc::function_failed, "the model failed: " + why,
               "the node's standard error says more"};
} catch (...) {
  return error{errc::function_failed, "the model failed", ""};
}

} // namespace faas::torch_runtime
