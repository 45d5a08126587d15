#include "tools/faas-cli/python_packages.hpp"

#include "libfaas/manifest/process.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <ostream>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

// The checkout that this program was built in; CMake sets it.
#ifndef PETREL_CHECKOUT
#define PETREL_CHECKOUT ""
#endif

constexpr auto requirements = "requirements.txt", lock = "requirements.lock";

std::string text_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// `python3 -m petrel FILE`, `python3 -m petrel.openfaas FILE`.
bool runs_petrel(const function_spec& spec) {
  const auto words = command_of(spec);
  const auto found = std::find(words.begin(), words.end(), "-m");
  return found != words.end() && std::next(found) != words.end()
         && (*std::next(found) == "petrel"
             || std::next(found)->starts_with("petrel."));
}

result<fs::path> find_petrel(const machine& system) {
  const auto program = system.program_folder();
  for (const auto& folder :
       {program / "../share/petrel/python",
        fs::path{PETREL_CHECKOUT} / "python/src",
        fs::path{"/usr/local/share/petrel/python"},
        fs::path{"/usr/share/petrel/python"}}) {
    std::error_code ignored;
    if (fs::exists(folder / "petrel/__init__.py", ignored))
      return folder.lexically_normal();
  }
  return {errc::not_found, "cannot find the Python package petrel",
          "put it into the function's folder (python/src/petrel of Petrel's "
          "repository)"};
}

/// All files below, but compiled ones: those differ from machine to machine.
void list(const fs::path& from, const std::string& below,
          std::vector<registry::pack_item>& to) {
  std::error_code failed;
  for (fs::recursive_directory_iterator at{from, failed}, end;
       !failed && at != end; at.increment(failed)) {
    if (at->is_directory(failed)) {
      if (at->path().filename() == "__pycache__")
        at.disable_recursion_pending();
      continue;
    }
    if (at->path().extension() != ".pyc")
      to.push_back({below + "/" + at->path().lexically_relative(from).string(),
                    at->path()});
  }
}

error pip_failed(const function_spec& spec, int status, bool locked) {
  return {errc::function_failed,
          spec.name.str() + ": pip could not install "
            + (locked ? lock : requirements) + " (it ended with "
            + std::to_string(status) + ")",
          locked ? "mend what it says above; after a change of "
                   "requirements.txt remove requirements.lock and pack again"
                 : "mend what it says above; without pip: install "
                   "python3-pip; offline: set PIP_NO_INDEX=1 and "
                   "PIP_FIND_LINKS to a folder with wheels"};
}

std::vector<std::string> pip_command(const std::string& python, bool locked,
                                     const fs::path& wanted,
                                     const fs::path& target,
                                     const fs::path& report) {
  std::vector<std::string> command{
    python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
    "--no-input", "--no-compile", "--no-warn-script-location",
    "--root-user-action=ignore",
    "--ignore-installed", "--target", target.string(), "--report",
    report.string()};
  if (locked)
    command.insert(command.end(), {"--require-hashes", "--no-deps"});
  command.insert(command.end(), {"-r", wanted.string()});
  return command;
}

result<void> write_lock(const fs::path& report, const fs::path& to) {
  auto lines = lock_of(text_of(report));
  if (!lines)
    return lines.error();
  std::ofstream{to, std::ios::binary} << *lines;
  return {};
}

/// Into `target`, which appears only when it is complete.
result<void> install(session& s, const function_spec& spec,
                     const fs::path& folder, const fs::path& target) {
  std::error_code ignored;
  const bool locked = fs::exists(folder / lock, ignored);
  const auto wanted = folder / (locked ? lock : requirements);
  const auto python = s.system.environment("PETREL_PYTHON").value_or("python3");
  const auto stamp = python + "\n" + text_of(folder / requirements) + "\n"
                     + text_of(folder / lock);
  auto stamp_file = target, fresh = target, report = target;
  stamp_file += ".stamp";
  fresh += ".new";
  report += ".json";
  if (fs::exists(target, ignored) && text_of(stamp_file) == stamp)
    return {};
  fs::remove_all(fresh, ignored);
  fs::remove_all(target, ignored);
  fs::create_directories(fresh, ignored);
  wipe_line(s);
  s.err << spec.name.str() << ": installing " << wanted.filename().string()
        << " with pip" << std::endl; // before pip's own output
  auto status
    = s.system.run(pip_command(python, locked, wanted, fresh, report));
  if (!status)
    return error{errc::not_found, status.error().message,
                 "install python3 and python3-pip, or set PETREL_PYTHON"};
  if (*status != 0)
    return pip_failed(spec, *status, locked);
  fs::remove_all(fresh / "bin", ignored); // scripts with this machine's paths
  if (auto written = write_lock(report, fresh / lock); !written)
    return written.error();
  fs::rename(fresh, target, ignored);
  std::ofstream{stamp_file, std::ios::binary} << stamp;
  return {};
}

} // namespace

result<std::string> lock_of(std::string_view report) {
  const error unreadable{errc::internal, "cannot read what pip reports",
                         "pip must be 23.0 or newer"};
  const auto read = nlohmann::json::parse(report, nullptr, false);
  if (!read.is_object() || !read.contains("install")
      || !read["install"].is_array())
    return unreadable;
  std::vector<std::string> lines;
  try {
    for (const auto& one : read["install"]) {
      const auto& about = one.at("metadata");
      const auto name = about.at("name").get<std::string>();
      auto line = name + "==" + about.at("version").get<std::string>();
      const auto& from = one.at("download_info");
      std::string hash;
      if (const auto archive = from.find("archive_info");
          archive != from.end()) {
        if (archive->contains("hashes"))
          hash = (*archive)["hashes"].value("sha256", "");
        if (const auto old = archive->value("hash", "");
            hash.empty() && old.starts_with("sha256="))
          hash = old.substr(7);
      }
      if (hash.empty())
        return error{errc::invalid_argument,
                     name + " comes from a place that has no digest",
                     "name a released version, or a wheel, in "
                     "requirements.txt"};
      lines.push_back(line + " --hash=sha256:" + hash);
    }
  } catch (const nlohmann::json::exception&) {
    return unreadable;
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return text;
}

result<std::vector<registry::pack_item>>
python_packages(session& s, const manifest_file& file,
                const function_spec& spec, const fs::path& folder) {
  std::vector<registry::pack_item> items;
  if (spec.petrel.runtime != runtime_kind::process)
    return items;
  std::error_code ignored;
  const bool own = fs::exists(folder / python_folder, ignored);
  const std::string below{python_folder};
  if (fs::exists(folder / requirements, ignored)
      || fs::exists(folder / lock, ignored)) {
    if (own)
      return error{errc::invalid_argument,
                   spec.name.str() + " has both requirements.txt and a folder "
                     + below,
                   "remove one of them: faas-cli makes the folder in the "
                   "bundle from requirements.txt"};
    const auto target = file.folder / ".petrel/python" / spec.name.str();
    if (auto done = install(s, spec, folder, target); !done)
      return done.error();
    list(target, below, items);
  }
  const bool brought
    = fs::exists(folder / "petrel", ignored)
      || fs::exists(folder / python_folder / "petrel", ignored)
      || std::any_of(items.begin(), items.end(), [&](const auto& item) {
           return item.path == below + "/petrel/__init__.py";
         });
  if (runs_petrel(spec) && !brought) {
    auto found = find_petrel(s.system);
    if (!found)
      return found.error();
    list(*found / "petrel", below + "/petrel", items);
  }
  return items;
}

} // namespace faas::cli
