#include "registry/bundles/ignore_rules.hpp"

#include <algorithm>
#include <cassert>
#include <fnmatch.h>

namespace faas::registry {
namespace {

constexpr std::string_view always = ".git\n.hg/\n.svn/\n.petrelignore\n"
                                    "*~\n.*.sw?\n#*#\n.#*\n.DS_Store\n";
constexpr size_t max_rules = 1000;

std::string_view trimmed(std::string_view line) {
  const auto end = line.find_last_not_of(" \t\r");
  return end == line.npos ? std::string_view{} : line.substr(0, end + 1);
}

} // namespace

ignore_rules::ignore_rules() {
  // Not through add(): "#" begins a pattern here.
  for (auto rest = always; !rest.empty();) {
    const auto end = rest.find('\n');
    const auto ok = add_line(rest.substr(0, end), 0);
    assert(ok);
    (void)ok;
    rest.remove_prefix(end + 1);
  }
}

result<void> ignore_rules::add(std::string_view text) {
  for (size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const auto line = trimmed(text.substr(0, end));
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.front() == '#')
      continue;
    if (auto ok = add_line(line, number); !ok)
      return ok;
  }
  return {};
}

result<void> ignore_rules::add_line(std::string_view line, size_t number) {
  const auto wrong = [&](const std::string& why) {
    return error{errc::invalid_argument,
                 ".petrelignore line " + std::to_string(number) + ": " + why,
                 "use patterns such as *.o, build/ or data/*.csv"};
  };
  if (line.front() == '!')
    return wrong("exceptions ('!') are not supported");
  if (line.find("**") != line.npos)
    return wrong("'**' is not supported");
  if (rules_.size() >= max_rules)
    return wrong("there are more than " + std::to_string(max_rules)
                 + " patterns");
  const bool folder_only = line.back() == '/';
  if (folder_only)
    line.remove_suffix(1);
  const bool anywhere = line.find('/') == line.npos;
  if (line.starts_with('/'))
    line.remove_prefix(1);
  if (line.empty())
    return wrong("the pattern is empty");
  rules_.push_back({std::string{line}, anywhere, folder_only});
  return {};
}

bool ignore_rules::ignores(const std::string& path, bool folder) const {
  const auto name = path.substr(path.rfind('/') + 1);
  return std::any_of(rules_.begin(), rules_.end(), [&](const rule& r) {
    return (folder || !r.folder_only)
           && ::fnmatch(r.pattern.c_str(), (r.anywhere ? name : path).c_str(),
                        FNM_PATHNAME)
                == 0;
  });
}

} // namespace faas::registry
