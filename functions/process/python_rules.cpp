#include "functions/process/python_rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace faas::process {
namespace {

/// What an interpreter, its libraries and the C library read before the first
/// line of a program. PYTHONPATH is done after the fork.
constexpr std::array<std::string_view, 7> read_early
  = {"PYTHON", "LD_", "LC_", "GLIBC_", "MALLOC_", "OPENSSL_", "GCONV_"};

/// As the zygote has them: a value that is the usual one is no reason.
bool usual(std::string_view name, std::string_view value) {
  return name == "LANG"   ? value == "C.UTF-8"
         : name == "HOME" ? value == "/tmp" // site-packages of a user
                          : true;
}

std::string early_variable(const string_map& environment) {
  for (const auto& [name, value] : environment) {
    if (name == "PYTHONPATH")
      continue;
    if (!usual(name, value)
        || std::any_of(read_early.begin(), read_early.end(),
                       [&](auto start) { return name.starts_with(start); }))
      return name;
  }
  return {};
}

} // namespace

std::string why_not_forked(const child::spawn_request& start,
                           const std::filesystem::path& found,
                           const std::filesystem::path& python) {
  const auto& words = start.argv;
  if (!start.sandbox)
    return "no sandbox";
  if (words.size() != 4 || words[1] != "-m"
      || (words[2] != "petrel" && words[2] != "petrel.openfaas"))
    return "its command is not python3 -m petrel FILE.py";
  if (found != python)
    return "another Python: " + found.string();
  if (start.sandbox->network)
    return "it shares the node's network";
  if (const auto name = early_variable(start.env); !name.empty())
    return "its environment has " + name;
  return {};
}

} // namespace faas::process
