// secret create, update, list, remove.
#include "libfaas/core/secret_text.hpp"
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"

#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;
constexpr const char* path = "/system/secrets";
/// The gateway knows the real limit; this bounds what is read.
constexpr size_t longest = size_t{1} << 20;

error wrong(std::string what) {
  return {errc::invalid_argument, std::move(what),
          "`faas-cli help secret` shows examples"};
}

result<secret_text> read_all(std::istream& in, const std::string& shown) {
  std::string text;
  char part[4096];
  while (text.size() <= longest && in.read(part, sizeof part).gcount() > 0)
    text.append(part, static_cast<size_t>(in.gcount()));
  wipe(part, sizeof part);
  auto kept = secret_text::take(text);
  if (in.bad())
    return error{errc::unavailable, "cannot read " + shown};
  if (kept.size() > longest)
    return error{errc::too_large, shown + " is larger than a secret may be"};
  return kept;
}

result<secret_text> read_value(session& s, const arguments& args) {
  if (args.has("from-literal") && args.has("from-file"))
    return wrong("give --from-literal or --from-file, not both");
  if (args.has("from-literal"))
    return secret_text{args.get("from-literal")};
  if (!args.has("from-file")) {
    if (s.in_is_terminal)
      s.err << "Reading the secret from standard input; end with Ctrl-D\n";
    return read_all(s.in, "standard input");
  }
  const auto file = args.get("from-file");
  std::ifstream in{s.system.working_folder() / file, std::ios::binary};
  if (!in)
    return error{errc::not_found, "cannot read " + file};
  return read_all(in, file);
}

/// As OpenFaaS's faas-cli: without white space at both ends.
std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const auto from = text.find_first_not_of(blanks);
  if (from == text.npos)
    return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

result<std::string_view> final_value(const arguments& args,
                                     const secret_text& read) {
  const auto choice = args.has("trim") ? args.get("trim") : "true";
  if (choice != "true" && choice != "false")
    return wrong("--trim is true or false");
  const auto value = choice == "true" ? trimmed(read.view()) : read.view();
  if (value.empty())
    return wrong("the secret is empty");
  return value;
}

void print(session& s, const arguments& args, const json& answer,
           const std::string& text) {
  if (args.has("json"))
    s.out << answer.dump(2, ' ', false, json::error_handler_t::replace)
          << '\n';
  else
    s.out << text << '\n';
}

result<void> put(session& s, const arguments& args, gateway_api& gateway,
                 bool update) {
  const auto& name = args.words()[1];
  auto read = read_value(s, args);
  if (!read)
    return read.error();
  auto value = final_value(args, *read);
  if (!value)
    return value.error();
  json body{{"name", name}, {"rawValue", base64(*value)}};
  auto done = gateway.change(update ? "PUT" : "POST", path, body);
  if (!done && !update && args.has("replace")
      && done.error().code == errc::conflict)
    done = gateway.change("PUT", path, body);
  wipe(body["rawValue"].get_ref<std::string&>());
  if (!done)
    return done.error();
  print(s, args, *done,
        name + (flag_at(*done, "unchanged") ? ": has that value already"
                : update                    ? ": updated"
                                            : ": created"));
  return {};
}

result<void> show(session& s, const arguments& args, gateway_api& gateway) {
  auto all = gateway.get(path);
  if (!all)
    return all.error();
  if (args.has("json")) {
    print(s, args, *all, {});
    return {};
  }
  table rows{{"NAME", "CHANGED", "USED BY"}};
  for (const auto& secret : *all) {
    const auto ours = secret.value("petrel", json::object());
    std::string users;
    for (const auto& user : ours.value("users", json::array()))
      if (user.is_string())
        users += (users.empty() ? "" : ", ") + user.get<std::string>();
    rows.row({text_at(secret, "name"), text_at(ours, "changedAt"),
              users.empty() ? "-" : users});
  }
  s.out << (rows.rows() == 0 ? "No secrets.\n" : rows.to_string());
  return {};
}

result<void> remove(session& s, const arguments& args, gateway_api& gateway) {
  const auto& name = args.words()[1];
  auto done = gateway.change("DELETE", path, {{"name", name}});
  if (!done)
    return done.error();
  print(s, args, *done, name + ": removed");
  return {};
}

result<void> run_secret(session& s, const arguments& args) {
  const auto& verb = args.words()[0];
  const bool lists = verb == "list" || verb == "ls";
  const bool removes = verb == "remove" || verb == "rm";
  if (!lists && !removes && verb != "create" && verb != "update")
    return wrong("\"" + verb.substr(0, 60) + "\" is nothing that secret does");
  if (args.words().size() != (lists ? 1u : 2u))
    return wrong(lists ? "list takes no further word"
                       : verb + " needs the name of one secret");
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  if (lists)
    return show(s, args, gateway);
  if (removes)
    return remove(s, args, gateway);
  return put(s, args, gateway, verb == "update");
}

constexpr option secret_options[] = {
  {"from-literal", value,
   "the value itself; other users of the machine can see it", "TEXT"},
  {"from-file", value, "file with the value [standard input]", "FILE"},
  {"trim", value, "without white space at both ends [true]", "true|false"},
  {"replace", flag, "with create: update it when it exists"},
  {"json", flag, "print JSON"},
};

} // namespace

const command secret_command{
  .name = "secret",
  .words = "create NAME | update NAME | list | remove NAME",
  .summary = "Values that functions read from files, kept encrypted",
  .details
  = "The value comes from standard input, --from-file or --from-literal, and\n"
    "is never shown again. A function gets it when its manifest says\n"
    "`secrets: [NAME]`. A secret that is used cannot be removed.\n",
  .examples = "  faas-cli secret create db-password < password.txt\n"
              "  faas-cli secret update db-password --from-file password.txt\n"
              "  faas-cli secret list\n"
              "  faas-cli secret remove db-password\n",
  .options = secret_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 2,
  .run = run_secret};

} // namespace faas::cli
