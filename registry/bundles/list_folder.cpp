#include "registry/bundles/ignore_rules.hpp"
#include "registry/bundles/pack.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace faas::registry {

namespace fs = std::filesystem;

namespace {

constexpr size_t ignore_file_bytes = 64 * limits::kib;

result<ignore_rules> rules_of(const fs::path& folder) {
  ignore_rules rules;
  std::ifstream file{folder / ".petrelignore", std::ios::binary};
  if (!file)
    return rules;
  std::string text(ignore_file_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > ignore_file_bytes)
    return error{errc::too_large, ".petrelignore is longer than 64 KiB",
                 "use fewer patterns"};
  if (auto ok = rules.add(text); !ok)
    return ok.error();
  return rules;
}

/// Walks a folder; errors end the walk.
class walk {
public:
  walk(const ignore_rules& rules, const bundle_limits& limits)
    : rules_(rules), limits_(limits) {}

  result<void> into(const fs::path& folder, const std::string& prefix);
  std::vector<pack_item> items;

private:
  result<void> visit(const fs::directory_entry& found, const std::string& path);

  const ignore_rules& rules_;
  const bundle_limits& limits_;
};

result<void> walk::into(const fs::path& folder, const std::string& prefix) {
  std::error_code failure;
  for (fs::directory_iterator i{folder, failure}, end; !failure && i != end;
       i.increment(failure))
    if (auto ok = visit(*i, prefix + i->path().filename().string()); !ok)
      return ok;
  if (failure)
    return error{errc::invalid_argument,
                 "cannot read the folder " + folder.string() + ": "
                   + failure.message(),
                 "check its permissions"};
  return {};
}

result<void> walk::visit(const fs::directory_entry& found,
                         const std::string& path) {
  std::error_code failure;
  const auto type = found.symlink_status(failure).type();
  const bool folder = type == fs::file_type::directory;
  if (rules_.ignores(path, folder))
    return {};
  // Bounds the depth of the recursion, too.
  if (auto checked = checked_path(path, limits_); !checked)
    return checked.error();
  if (folder)
    return into(found.path(), path + "/");
  if (type != fs::file_type::regular && type != fs::file_type::symlink)
    return bad_entry(path, "is a device, pipe or socket",
                     "remove it or name it in .petrelignore");
  if (items.size() >= limits_.files)
    return error{errc::bad_bundle,
                 "the folder has more than " + std::to_string(limits_.files)
                   + " files",
                 "leave files out with .petrelignore"};
  items.push_back({path, found.path()});
  return {};
}

} // namespace

result<std::vector<pack_item>> list_folder(const fs::path& folder,
                                           const pack_options& options) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    return error{errc::not_found, folder.string() + " is not a folder",
                 "give the folder that holds the function"};
  auto rules = rules_of(folder);
  if (!rules)
    return rules.error();
  walk all{*rules, options.unpacked};
  if (auto ok = all.into(folder, ""); !ok)
    return ok.error();
  std::sort(all.items.begin(), all.items.end(),
            [](auto& a, auto& b) { return a.path < b.path; });
  return std::move(all.items);
}

} // namespace faas::registry
