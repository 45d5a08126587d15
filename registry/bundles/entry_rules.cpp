#include "registry/bundles/entry_rules.hpp"

namespace faas::registry {
namespace {

/// Calls `part` with each name between slashes; stops when it gives false.
template <class Part>
bool for_each_part(std::string_view path, Part part) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (!part(path.substr(0, slash)))
      return false;
    path = slash == path.npos ? std::string_view{} : path.substr(slash + 1);
  }
  return true;
}

size_t depth_of(std::string_view path) {
  size_t depth = 0;
  for_each_part(path, [&](auto) { return ++depth > 0; });
  return depth;
}

} // namespace

std::string shown(std::string_view path) {
  std::string text{path.substr(0, 120)};
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = '?';
  return path.size() > 120 ? text + "..." : text;
}

error bad_entry(std::string_view path, const std::string& problem,
                std::string next_step) {
  return {errc::bad_bundle, "bundle entry '" + shown(path) + "' " + problem,
          std::move(next_step)};
}

result<std::string> checked_path(std::string_view path,
                                 const bundle_limits& limits) {
  const auto repack = "pack the folder with faas-cli pack";
  if (path.size() > limits.path_bytes)
    return bad_entry(path,
                     "has a path of more than "
                       + std::to_string(limits.path_bytes) + " bytes",
                     "use shorter names");
  if (path.empty() || path.find('\0') != path.npos)
    return bad_entry(path, "has no usable name", repack);
  if (path.front() == '/')
    return bad_entry(path, "has an absolute path", repack);
  std::string plain;
  size_t depth = 0;
  const bool clean = for_each_part(path, [&](std::string_view part) {
    if (part == "..")
      return false;
    if (part.empty() || part == ".")
      return true;
    plain += (plain.empty() ? "" : "/") + std::string{part};
    ++depth;
    return part.size() <= 255;
  });
  if (!clean)
    return bad_entry(path, "leads out of the bundle or has too long a name",
                     repack);
  if (depth > limits.depth)
    return bad_entry(
      path, "lies more than " + std::to_string(limits.depth) + " folders deep",
      "use fewer folders");
  return plain;
}

result<void> check_link(const std::string& path, std::string_view target,
                        const bundle_limits& limits) {
  const auto next = "replace the link by the file, or make it a relative link "
                    "to a file of the bundle";
  if (target.empty() || target.size() > limits.path_bytes
      || target.find('\0') != target.npos)
    return bad_entry(path, "is a link without a usable target", next);
  if (target.front() == '/')
    return bad_entry(path, "is a link to an absolute path", next);
  const auto allowed = depth_of(path) - 1;
  size_t ups = 0;
  bool down = false;
  const bool inside = for_each_part(target, [&](std::string_view part) {
    if (part.empty() || part == ".")
      return true;
    if (part != "..")
      return down = true;
    return !down && ++ups <= allowed;
  });
  if (!inside)
    return bad_entry(path, "is a link that may lead out of the bundle", next);
  return {};
}

result<void> entry_tree::insert(entry_kind kind, const std::string& path) {
  if (seen_.size() >= limits_.files)
    return error{errc::bad_bundle,
                 "the bundle has more than " + std::to_string(limits_.files)
                   + " files and folders",
                 "leave files out with .petrelignore, or put data into one "
                 "file"};
  seen_.emplace(path, kind);
  return {};
}

result<std::vector<std::string>> entry_tree::add(entry_kind kind,
                                                 const std::string& path) {
  std::vector<std::string> folders;
  for (auto slash = path.find('/'); slash != path.npos;
       slash = path.find('/', slash + 1)) {
    auto parent = path.substr(0, slash);
    const auto found = seen_.find(parent);
    if (found == seen_.end()) {
      if (auto ok = insert(entry_kind::folder, parent); !ok)
        return ok.error();
      folders.push_back(std::move(parent));
    } else if (found->second != entry_kind::folder) {
      return bad_entry(path, "lies below '" + shown(parent)
                               + "', which is no folder");
    }
  }
  if (const auto found = seen_.find(path); found != seen_.end()) {
    if (kind == entry_kind::folder && found->second == entry_kind::folder)
      return folders;
    return bad_entry(path, "is there twice");
  }
  if (auto ok = insert(kind, path); !ok)
    return ok.error();
  if (kind == entry_kind::folder)
    folders.push_back(path);
  return folders;
}

result<void> entry_tree::add_bytes(const std::string& path, uint64_t bytes) {
  if (bytes > limits_.bytes - bytes_)
    return bad_entry(path,
                     "takes the unpacked bundle over "
                       + std::to_string(limits_.bytes) + " bytes",
                     "make the bundle smaller");
  bytes_ += bytes;
  return {};
}

} // namespace faas::registry
