#include "tools/faas-cli/manifest_file.hpp"

#include "libfaas/manifest/yaml_tree.hpp"

#include <algorithm>
#include <fstream>
#include <ostream>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* no_manifest_help
  = "`faas-cli new NAME` makes a function with a stack.yml; -f names a file";

result<manifest_file> load(session& s, const fs::path& path, bool loud) {
  auto text = read_file(path, limits::manifest_bytes);
  if (!text)
    return text.error();
  std::vector<std::string> warnings;
  auto parsed = parse_manifest(
    *text, [&](std::string_view name) { return s.system.environment(name); },
    &warnings);
  if (!parsed)
    return error{parsed.error().code,
                 path.string() + ":\n" + parsed.error().message,
                 parsed.error().next_step};
  if (loud)
    for (const auto& warning : warnings)
      s.err << "Warning: " << path.filename().string() << ": " << warning
            << '\n';
  return manifest_file{path, path.parent_path(), std::move(*parsed)};
}

/// Merges the `environment:` mapping of one file into `out`.
result<void> merge_environment(const fs::path& path, string_map& out) {
  auto text = read_file(path, limits::manifest_bytes);
  if (!text)
    return text.error();
  auto tree = parse_yaml(*text, {});
  if (!tree)
    return error{errc::invalid_argument,
                 path.string() + ": " + tree.error().message};
  const auto* entry = (*tree)->find("environment");
  if (!entry)
    return {};
  for (const auto& variable : entry->value->entries) {
    const auto kind = variable.value->type;
    if (kind != yaml_node::kind::scalar && kind != yaml_node::kind::null)
      return error{errc::invalid_argument,
                   path.string() + ": line " + std::to_string(variable.line)
                     + ": environment." + variable.key + ": must be text"};
    out[variable.key] = variable.value->text;
  }
  return {};
}

} // namespace

result<std::string> read_file(const fs::path& file, size_t limit) {
  std::ifstream in{file, std::ios::binary};
  std::error_code ignored;
  if (!in || !fs::is_regular_file(file, ignored))
    return {errc::not_found, "cannot read " + file.string()};
  std::string text;
  char buffer[16 * 1024];
  while (in.read(buffer, sizeof buffer), in.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(in.gcount()));
    if (text.size() > limit)
      return {errc::too_large, file.string() + " has more than "
                                 + std::to_string(limit) + " bytes"};
  }
  return text;
}

result<std::optional<manifest_file>>
find_manifest(session& s, const arguments& args, bool loud) {
  const auto here = s.system.working_folder();
  fs::path path;
  if (args.has("yaml")) {
    path = here / args.get("yaml"); // an absolute path replaces `here`
  } else {
    std::error_code ignored;
    for (const auto name : {"stack.yaml", "stack.yml"})
      if (path.empty() && fs::exists(here / name, ignored))
        path = here / name;
    if (path.empty())
      return std::optional<manifest_file>{};
  }
  auto loaded = load(s, path, loud);
  if (!loaded)
    return loaded.error();
  return std::optional{std::move(*loaded)};
}

result<manifest_file> require_manifest(session& s, const arguments& args) {
  auto found = find_manifest(s, args, true);
  if (!found)
    return found.error();
  if (!*found)
    return {errc::not_found, "no stack.yaml or stack.yml in this folder",
            no_manifest_help};
  return std::move(**found);
}

result<std::vector<function_spec>>
select_functions(const manifest_file& file,
                 const std::vector<std::string>& names) {
  const auto& all = file.content.functions;
  if (all.empty())
    return {errc::invalid_argument, file.file.string() + " lists no function",
            no_manifest_help};
  if (names.empty())
    return all;
  std::vector<function_spec> chosen;
  for (const auto& spec : all)
    if (std::find(names.begin(), names.end(), spec.name.str()) != names.end())
      chosen.push_back(spec);
  for (const auto& name : names) {
    if (std::any_of(all.begin(), all.end(),
                    [&](const auto& f) { return f.name.str() == name; }))
      continue;
    std::string there;
    for (const auto& spec : all)
      there += (there.empty() ? "" : ", ") + spec.name.str();
    return {errc::not_found,
            file.file.string() + " has no function \"" + name + "\"",
            "it has: " + there};
  }
  return chosen;
}

result<string_map> full_environment(const manifest_file& file,
                                    const function_spec& spec) {
  auto merged = spec.environment;
  for (const auto& name : spec.environment_files)
    if (auto done = merge_environment(file.folder / name, merged); !done)
      return done.error();
  return merged;
}

} // namespace faas::cli
