#include "functions/child/spawn.hpp"

#include "functions/sandbox/plan.hpp"

#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>

namespace faas::child {
namespace {

constexpr std::string_view usual_path
  = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin";
/// Of arguments and environment; the kernel's own bound is 2 MiB by default.
constexpr size_t most_bytes = 1 << 20;

error wrong(std::string what, std::string next) {
  return {errc::invalid_argument, std::move(what), std::move(next)};
}

bool has_zero(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

result<void> check_texts(const spawn_request& request) {
  size_t bytes = 0;
  bool zero = has_zero(request.folder.native());
  for (const auto& argument : request.argv) {
    bytes += argument.size() + 1;
    zero |= has_zero(argument);
  }
  for (const auto& [name, value] : request.env) {
    bytes += name.size() + value.size() + 2;
    zero |= has_zero(name) || has_zero(value);
    if (name.empty() || name.find('=') != name.npos)
      return wrong("\"" + name + "\" is no name of an environment variable",
                   "use names without '='");
  }
  if (zero)
    return wrong("an argument, variable or folder has a zero byte in it",
                 "remove it");
  if (bytes > most_bytes)
    return wrong("arguments and environment have " + std::to_string(bytes)
                   + " bytes together, over " + std::to_string(most_bytes),
                 "pass long texts by files");
  return {};
}

std::string next_for_program(int number) {
  switch (number) {
  case ENOENT:
    return "name a program that exists there; for a script, its interpreter "
           "(first line) must exist too, for a binary its loader";
  case EACCES:
    return "make it executable (chmod +x) before it is packed";
  case ENOEXEC:
    return "it must be a binary for this machine or a script that begins "
           "with #! and its interpreter";
  default:
    return "try to run it by hand on this machine";
  }
}

} // namespace

result<void> check(const spawn_request& request) {
  if (request.argv.empty() || request.argv.front().empty())
    return wrong("there is no program to start", "name one in argv[0]");
  if (auto texts = check_texts(request); !texts)
    return texts;
  if (request.fds.size() > sandbox::wire::most_fds)
    return wrong("too many descriptors for one program", "at most 64");
  std::set<int> targets;
  for (const auto& [from, to] : request.fds)
    if (from < 0 || to < 0 || to > sandbox::wire::highest_target
        || !targets.insert(to).second)
      return wrong("descriptor " + std::to_string(from) + " as "
                     + std::to_string(to) + " cannot be passed",
                   "give each number from 0 to 255 at most once");
  return {};
}

std::vector<std::string> programs_of(const spawn_request& request) {
  const auto& name = request.argv.front();
  if (name.find('/') != name.npos)
    return {name};
  const auto given = request.env.find("PATH");
  std::string_view path
    = given == request.env.end() ? usual_path : std::string_view{given->second};
  std::vector<std::string> found;
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    // An empty part would be the working folder: nobody means that.
    if (end > 0)
      found.push_back(std::string{path.substr(0, end)} + "/" + name);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  if (found.empty())
    found.push_back("/" + name);
  return found;
}

result<sandbox::order> order_of(const spawn_request& request,
                                bool memory_group) {
  if (auto checked = check(request); !checked)
    return checked.error();
  sandbox::order order;
  order.programs = programs_of(request);
  order.arguments = request.argv;
  for (const auto& [name, value] : request.env)
    order.environment.push_back(name + "=" + value);
  order.folder = request.folder.empty() ? "/" : request.folder.native();
  for (const auto& fd : request.fds)
    order.targets.push_back(fd.to);
  if (request.sandbox)
    if (auto done
        = sandbox::apply(*request.sandbox,
                         memory_group ? 0 : request.sandbox->memory_bytes,
                         order);
        !done)
      return done.error();
  return order;
}

error explain(const spawn_request& request,
              const sandbox::wire::report& failed) {
  const std::string step = failed.step, detail = failed.detail;
  const auto& name = request.argv.front();
  const std::string why = std::strerror(failed.value);
  if (step == "execute")
    return {errc::bad_bundle,
            "cannot start \"" + name + "\""
              + (detail == name ? "" : " (" + detail + ")") + ": " + why,
            next_for_program(failed.value)};
  if (step == "enter the working folder")
    return {errc::invalid_argument,
            "cannot start \"" + name + "\" in " + detail + ": " + why,
            "the working folder must exist, and the plan of a sandbox must "
            "name it"};
  if (step == "let the worker's user read")
    return {errc::invalid_argument,
            "cannot start \"" + name + "\": workers may not read " + detail,
            "give others read permission (chmod -R o+rX); the folder above it "
            "may stay private"};
  return {errc::unavailable,
          "cannot start \"" + name + "\": failed to " + step
            + (detail.empty() ? "" : " (" + detail + ")") + ": " + why,
          "the node's log says at its start which mechanisms it has"};
}

} // namespace faas::child
