#include "tools/faas-cli/app.hpp"

#include "libfaas/manifest/reader.hpp"
#include "tools/faas-cli/command.hpp"

#include <algorithm>
#include <array>
#include <ostream>

namespace faas::cli {
namespace {

constexpr option help_option[]
  = {{"h,help", option::kind::flag, "show this help"}};

const command* find_command(std::string_view name) {
  for (const auto* c : all_commands())
    if (c->name == name || (!c->alias.empty() && c->alias == name))
      return c;
  return nullptr;
}

std::array<std::span<const option>, 3> groups_of(const command& c) {
  return {c.options,
          c.asks_gateway ? gateway_options() : std::span<const option>{},
          help_option};
}

std::string overview() {
  std::string text = "faas-cli: functions on Petrel, from source to answer\n\n"
                     "Usage: faas-cli COMMAND [options]\n\nCommands:\n";
  for (const auto* c : all_commands()) {
    std::string name{c->name};
    name.resize(10, ' ');
    text += "  " + name + std::string{c->summary} + "\n";
  }
  return text
         + "\nFirst steps:\n"
           "  faas-cli new hello --lang cpp && cd hello\n"
           "  faas-cli up\n"
           "  echo Ada | faas-cli invoke hello\n\n"
           "`faas-cli help COMMAND` shows its options and examples.\n"
           "`faas-cli help exit-codes`, `faas-cli help environment`.\n";
}

constexpr const char* environment_help
  = "Environment of faas-cli:\n"
    "  PETREL_GATEWAY      gateway, when neither -g nor the manifest names "
    "one\n"
    "  OPENFAAS_URL        the same, read after PETREL_GATEWAY\n"
    "  PETREL_TOKEN_FILE   file with the node's admin token\n"
    "  XDG_DATA_HOME       its petrel/admin-token is tried for a gateway on\n"
    "                      loopback (else ~/.local/share/petrel/admin-token,\n"
    "                      then /var/lib/petrel/admin-token)\n"
    "  PETREL_SDK          folder that holds faas/function.h, for `pack`\n"
    "  PETREL_BUILTINS     folder of the builtin functions, for `pack`\n"
    "  CXX, CC             compilers of `pack`\n"
    "Variables in a manifest (${NAME}) are read from the environment too.\n";

std::string command_help(const command& c) {
  std::string text = "Usage: faas-cli " + std::string{c.name};
  if (!c.words.empty())
    text += " " + std::string{c.words};
  text += " [options]\n\n" + std::string{c.summary} + ".\n";
  if (!c.details.empty())
    text += "\n" + std::string{c.details};
  if (!c.alias.empty())
    text += "\nAlso: faas-cli " + std::string{c.alias} + "\n";
  const auto groups = groups_of(c);
  text += "\nOptions:\n" + describe_options(groups);
  return text + "\nExamples:\n" + std::string{c.examples};
}

error unknown_command(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto* c : all_commands())
    names.push_back(c->name);
  const auto near = nearest(name, names);
  return {errc::invalid_argument,
          "there is no command \"" + std::string{name.substr(0, 60)} + "\"",
          near.empty() ? "`faas-cli help` lists them"
                       : "did you mean `faas-cli " + std::string{near} + "`?"};
}

result<void> check_words(const command& c, const arguments& args) {
  const auto count = args.words().size();
  if (count < c.min_words)
    return error{errc::invalid_argument,
                 std::string{c.name} + " needs " + std::string{c.words},
                 "for example:\n" + std::string{c.examples}};
  if (count > c.max_words)
    return error{errc::invalid_argument,
                 "\"" + args.words()[c.max_words] + "\" is one word too many",
                 "usage: faas-cli " + std::string{c.name} + " "
                   + std::string{c.words}};
  return {};
}

exit_code fail(session& s, const error& what) {
  s.out.flush();
  print_error(s.err, what, s.call_id);
  return exit_code_of(what.code);
}

exit_code run_command(session& s, const command& c,
                      const std::vector<std::string>& words) {
  const auto groups = groups_of(c);
  auto args = arguments::parse(groups, words);
  if (!args)
    return fail(s, args.error());
  if (args->has("help")) {
    s.out << command_help(c);
    return exit_code::ok;
  }
  auto done = check_words(c, *args);
  if (done)
    done = c.run(s, *args);
  if (!done)
    return fail(s, done.error());
  s.out.flush();
  if (!s.out)
    return fail(s, {errc::storage_full, "cannot write the output"});
  return exit_code::ok;
}

} // namespace

result<std::string> help_text(std::string_view topic) {
  if (topic.empty())
    return overview();
  if (topic == "exit-codes")
    return exit_code_help();
  if (topic == "environment")
    return std::string{environment_help};
  if (const auto* c = find_command(topic))
    return command_help(*c);
  return unknown_command(topic);
}

exit_code run(session& s, const std::vector<std::string>& words) {
  const auto first = words.empty() ? "" : words[0];
  if (first == "help" || first == "-h" || first == "--help" || first.empty()) {
    auto text = help_text(words.size() > 1 ? words[1] : "");
    if (!text)
      return fail(s, text.error());
    (first.empty() ? s.err : s.out) << *text;
    return first.empty() ? exit_code::usage : exit_code::ok;
  }
  const auto* c = first == "--version" ? &version_command : find_command(first);
  if (!c)
    return fail(s, unknown_command(first));
  return run_command(s, *c, {words.begin() + 1, words.end()});
}

} // namespace faas::cli
