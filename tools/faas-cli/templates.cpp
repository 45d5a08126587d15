#include "tools/faas-cli/templates.hpp"

namespace faas::cli {
namespace {

constexpr const char* cpp_source = R"(#include <faas/function.hpp>

// The body of the event in, the body of the answer out.
std::string handle(const faas::sdk::request& event) {
  const auto name = event.body().empty() ? "world" : event.body();
  return "Hello, " + std::string{name} + "!\n";
}

FAAS_FUNCTION(handle)
)";

constexpr const char* c_source = R"(#include <faas/function.h>

static int create(const faas_config* config, void** state, char* why,
                  size_t why_size) {
  *state = 0;
  return 0;
}

static void destroy(void* state) {}

/* Answers with the body of the event. */
static int invoke(void* state, const faas_context* context,
                  const faas_event* event, const faas_sink* sink) {
  if (sink->start(sink->node, 200, event->content_type, 0, 0))
    return 1;
  return sink->write(sink->node, event->body);
}

const faas_function_table_v1 faas_function_table
  = {sizeof(faas_function_table_v1), FAAS_ABI_VERSION, 0, create, destroy,
     invoke};
)";

constexpr const char* torch_source
  = R"("""Writes model.pt: trace your own model here."""
import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 3)

    def forward(self, x):
        return self.layer(x)


torch.jit.script(Model().eval()).save("model.pt")
)";

constexpr const char* native_stack = R"(version: 1.0
provider:
  name: openfaas
functions:
  @NAME@:
    lang: @LANG@
    handler: .
    petrel:
      artifact: @NAME@.so
      mode: isolated       # a process of its own; threads and inline need trust
      timeout: 5s
)";

constexpr const char* torch_stack = R"(version: 1.0
provider:
  name: openfaas
functions:
  @NAME@:
    lang: torch
    handler: .
    petrel:
      runtime: torch
      artifact: model.pt
      artifact_kind: torchscript
      timeout: 5s
      idempotent: true
      inputs:
        - {name: x, datatype: FP32, shape: [-1, 4]}
      output: labels
)";

constexpr const char* native_readme = R"(# @NAME@

`faas-cli up` compiles it, deploys it and prints its URL. Then:

    echo Ada | faas-cli invoke @NAME@
    faas-cli logs @NAME@

The code is in @SOURCE@; stack.yml says how it runs (docs/manifest.md).
)";

constexpr const char* torch_readme = R"(# @NAME@

`python3 make_model.py` writes model.pt (any TorchScript file will do);
`faas-cli up` deploys it. stack.yml declares its input (docs/manifest.md).

    faas-cli describe @NAME@
)";

/// What need not travel to the nodes.
constexpr const char* native_ignore = "*.c\n*.cpp\n*.h\n*.hpp\n*.o\n"
                                      "README.md\nstack.yml\n";
constexpr const char* torch_ignore = "*.py\nREADME.md\nstack.yml\n";

std::string filled(std::string text, std::string_view what,
                   const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

} // namespace

std::string template_languages() {
  return "cpp, c, torch";
}

std::vector<template_file> function_template(std::string_view language,
                                             const std::string& name) {
  const auto named
    = [&](const char* text) { return filled(text, "@NAME@", name); };
  if (language == "torch")
    return {{"make_model.py", torch_source},
            {"stack.yml", named(torch_stack)},
            {"README.md", named(torch_readme)},
            {".petrelignore", torch_ignore}};
  if (language != "cpp" && language != "c")
    return {};
  const auto source = name + "." + std::string{language};
  return {
    {source, language == "cpp" ? cpp_source : c_source},
    {"stack.yml", filled(named(native_stack), "@LANG@", std::string{language})},
    {"README.md", filled(named(native_readme), "@SOURCE@", source)},
    {".petrelignore", native_ignore}};
}

} // namespace faas::cli
