#include "libfaas/core/id.hpp"
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/templates.hpp"

#include <fstream>
#include <iomanip>
#include <ostream>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

void list_languages(session& s) {
  for (const auto& each : template_languages())
    s.out << std::left << std::setw(8) << each.name << each.summary << '\n';
  s.out << "\nNext: faas-cli new NAME --lang LANGUAGE\n";
}

result<void> write_all(const fs::path& folder,
                       const std::vector<template_file>& files) {
  std::error_code failure;
  if (fs::exists(folder, failure))
    return error{errc::conflict, folder.string() + " exists already",
                 "choose another name, or remove it"};
  fs::create_directory(folder, failure);
  for (const auto& file : files) {
    const auto path = folder / file.path;
    std::ofstream out{path, std::ios::binary};
    out << file.text << std::flush;
    if (!failure && out && file.program)
      fs::permissions(path, fs::perms{0755}, failure);
    if (failure || !out)
      return error{errc::storage_full, "cannot write " + path.string()};
  }
  return {};
}

result<void> run_new(session& s, const arguments& args) {
  if (args.has("list")) {
    list_languages(s);
    return {};
  }
  if (args.words().empty())
    return error{errc::invalid_argument, "the new function has no name",
                 "faas-cli new NAME [--lang LANGUAGE], or --list"};
  const auto& name = args.words()[0];
  if (!valid_function_name(name))
    return error{errc::invalid_argument,
                 "\"" + name.substr(0, 64) + "\" is not a function's name",
                 "use 1 to 63 of a-z, 0-9 and -, with no - at either end"};
  const auto language = args.has("lang") ? args.get("lang") : "cpp";
  const auto* known = find_language(language);
  if (!known)
    return error{errc::invalid_argument,
                 "there is no language \"" + language.substr(0, 40) + "\"",
                 "--lang must be one of: " + language_names()
                   + "; see faas-cli new --list"};
  const auto files = function_template(language, name);
  if (auto done = write_all(s.system.working_folder() / name, files); !done)
    return done.error();
  s.out << "Made the folder " << name << " with";
  for (const auto& file : files)
    if (!file.path.starts_with('.'))
      s.out << ' ' << file.path;
  s.out << ".\nNext: cd " << name;
  if (!known->first.empty())
    s.out << " && " << known->first;
  s.out << " && faas-cli up\n";
  return {};
}

constexpr option new_options[] = {
  {"lang", option::kind::value, "the language; see --list [cpp]", "LANGUAGE"},
  {"list", option::kind::flag, "show the languages"},
};

} // namespace

const command new_command{.name = "new",
                          .words = "[NAME]",
                          .summary = "Make a folder with a new function",
                          .examples = "  faas-cli new hello\n"
                                      "  faas-cli new filter --lang c\n"
                                      "  faas-cli new count --lang shell\n"
                                      "  faas-cli new --list\n",
                          .options = new_options,
                          .min_words = 0,
                          .max_words = 1,
                          .run = run_new};

} // namespace faas::cli
