#include "tools/faas-cli/builtins.hpp"

#include <algorithm>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

std::string names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator at{folder, failure}, end; !failure && at != end;
       at.increment(failure))
    if (at->path().extension() == ".so")
      names.push_back(at->path().stem().string());
  std::sort(names.begin(), names.end());
  std::string out;
  for (const auto& name : names)
    out += (out.empty() ? "" : ", ") + name;
  return out;
}

} // namespace

std::optional<std::string> builtin_of(const function_spec& spec) {
  constexpr std::string_view prefix = "builtin/";
  const auto& artifact = spec.petrel.artifact;
  if (spec.petrel.runtime != runtime_kind::native
      || !artifact.starts_with(prefix))
    return {};
  auto name = artifact.substr(prefix.size());
  if (name.empty()
      || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-")
           != name.npos)
    return {};
  return name;
}

fs::path builtins_folder(const machine& system) {
  if (const auto named = system.environment("PETREL_BUILTINS"); named)
    return *named;
  return (system.program_folder() / "../lib/petrel/builtins")
    .lexically_normal();
}

result<fs::path> find_builtin(const machine& system, const std::string& name) {
  const auto folder = builtins_folder(system);
  const auto file = folder / (name + ".so");
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored))
    return file;
  const auto known = names_in(folder);
  if (known.empty())
    return {errc::not_found,
            "no builtin functions in " + folder.string(),
            "install them beside faas-cli, or set PETREL_BUILTINS to their "
            "folder"};
  return {errc::not_found, "no builtin function is called " + name,
          "there are: " + known};
}

} // namespace faas::cli
