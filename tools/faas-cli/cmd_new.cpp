#include "libfaas/core/id.hpp"
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/templates.hpp"

#include <fstream>
#include <ostream>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

result<void> run_new(session& s, const arguments& args) {
  const auto& name = args.words()[0];
  if (!valid_function_name(name))
    return error{errc::invalid_argument,
                 "\"" + name.substr(0, 64) + "\" is not a function's name",
                 "use 1 to 63 of a-z, 0-9 and -, with no - at either end"};
  const auto language = args.has("lang") ? args.get("lang") : "cpp";
  const auto files = function_template(language, name);
  if (files.empty())
    return error{errc::invalid_argument,
                 "there is no language \"" + language.substr(0, 40) + "\"",
                 "--lang must be one of: " + template_languages()};
  const auto folder = s.system.working_folder() / name;
  std::error_code failure;
  if (fs::exists(folder, failure))
    return error{errc::conflict, folder.string() + " exists already",
                 "choose another name, or remove it"};
  fs::create_directory(folder, failure);
  for (const auto& file : files) {
    std::ofstream out{folder / file.path, std::ios::binary};
    out << file.text << std::flush;
    if (failure || !out)
      return error{errc::storage_full,
                   "cannot write " + (folder / file.path).string()};
  }
  s.out << "Made the folder " << name << " with";
  for (const auto& file : files)
    if (!file.path.starts_with('.'))
      s.out << ' ' << file.path;
  s.out << ".\nNext: cd " << name
        << (language == "torch" ? " && python3 make_model.py" : "")
        << " && faas-cli up\n";
  return {};
}

constexpr option new_options[] = {
  {"lang", option::kind::value, "cpp, c or torch [cpp]", "LANGUAGE"},
};

} // namespace

const command new_command{.name = "new",
                          .words = "NAME",
                          .summary = "Make a folder with a new function",
                          .examples = "  faas-cli new hello\n"
                                      "  faas-cli new filter --lang c\n"
                                      "  faas-cli new classify --lang torch\n",
                          .options = new_options,
                          .min_words = 1,
                          .max_words = 1,
                          .run = run_new};

} // namespace faas::cli
