// Tiny TorchScript models and what runs them.
#pragma once

#include "functions/torch/torch_runtime.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace torch_test {

/// A bundle folder of its own, removed at the end.
class bundle {
public:
  bundle();
  ~bundle();
  bundle(const bundle&) = delete;
  bundle& operator=(const bundle&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path file() const { return folder_ / "model.pt"; }

private:
  std::filesystem::path folder_;
};

/// Writes a module with that TorchScript source (in eval mode) as model.pt.
/// Tensors become buffers of the given names.
void write_model(
  const bundle& to, const std::string& source,
  const std::vector<std::pair<std::string, std::vector<int64_t>>>& tensors
  = {});

/// Two convolutions and a linear layer over [n,channels,28,28]; gives scores
/// [n,10]. Weights are the same in every run.
void write_cnn(const bundle& to, int64_t channels);

/// A manifest with one input and output.
faas::function_spec spec(const std::string& datatype,
                         std::vector<int64_t> shape,
                         const std::string& output = "labels");

/// Never cancelled, far from its deadline; keeps what is logged.
class context : public faas::invocation_context {
public:
  bool cancelled() const noexcept override { return false; }
  faas::duration remaining() const noexcept override {
    return std::chrono::minutes{1};
  }
  void log(faas::log_level, std::string_view text) noexcept override {
    lines.emplace_back(text);
  }
  std::vector<std::string> lines;
};

/// An event with those elements as its body.
template <class T>
faas::invocation event(const std::vector<T>& values) {
  faas::invocation made;
  made.body = faas::blob{
    {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}};
  return made;
}

/// The elements of a body.
template <class T>
std::vector<T> elements(const faas::reply& answer) {
  const auto body = answer.body.view();
  std::vector<T> values(body.size() / sizeof(T));
  body.copy(reinterpret_cast<char*>(values.data()), values.size() * sizeof(T));
  return values;
}

std::string text(const faas::reply& answer);
bool has(const std::string& text, std::string_view part);

/// A module and one instance; the test fails when they cannot be made.
class loaded {
public:
  loaded(const bundle& from, const faas::function_spec& spec);

  faas::reply invoke(const faas::invocation& event);
  template <class T>
  faas::reply invoke(const std::vector<T>& values) {
    return invoke(event(values));
  }
  faas::function_module& module() { return *module_; }
  std::unique_ptr<faas::function_instance> instance();

  context calls;

private:
  std::unique_ptr<faas::function_module> module_;
  std::unique_ptr<faas::function_instance> instance_;
};

/// The error of a load that must fail.
faas::error load_error(const bundle& from, const faas::function_spec& spec);

} // namespace torch_test
