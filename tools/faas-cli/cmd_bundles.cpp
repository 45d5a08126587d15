// bundles list, bundles gc.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/views.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

void tell_list(session& s, const json& all) {
  s.out << bundle_table(list_in(all, "bundles"), false);
  for (const auto& one : list_in(all, "uploads"))
    s.out << "unfinished: " << text_at(one, "digest").substr(0, 19) << ", "
          << short_bytes(number_at(one, "received")) << " of "
          << short_bytes(number_at(one, "total")) << '\n';
  s.out << short_bytes(number_at(all, "bytes"));
  if (const auto quota = number_at(all, "quota"); quota > 0)
    s.out << " of " << short_bytes(quota);
  s.out << " in use\n";
}

void tell_gc(session& s, const json& all, bool dry) {
  const auto table = bundle_table(list_in(all, "bundles"), true);
  s.out << table << (dry ? "would free " : "freed ")
        << short_bytes(number_at(all, "freed")) << '\n';
}

result<void> run_bundles(session& s, const arguments& args) {
  const auto& verb = args.words()[0];
  const bool collects = verb == "gc";
  if (verb != "list" && !collects)
    return error{errc::invalid_argument,
                 "\"" + verb.substr(0, 60)
                   + "\" is nothing that bundles does",
                 "use `faas-cli bundles list` or `faas-cli bundles gc`"};
  const bool dry = args.has("dry-run");
  if (dry && !collects)
    return error{errc::invalid_argument, "--dry-run is for gc"};
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  auto all = collects
               ? gateway.post(dry ? "/system/bundles/gc?dry_run=true"
                                  : "/system/bundles/gc",
                              json::object())
               : gateway.get("/system/bundles");
  if (!all)
    return all.error();
  if (args.has("json"))
    s.out << all->dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  else if (collects)
    tell_gc(s, *all, dry);
  else
    tell_list(s, *all);
  return {};
}

constexpr option bundles_options[] = {
  {"dry-run", flag, "gc: tell what would be removed, remove nothing"},
  {"json", flag, "print JSON"},
};

} // namespace

const command bundles_command{
  .name = "bundles",
  .words = "list | gc",
  .summary = "Show what bundles are kept for; remove those that nothing needs",
  .details
  = "Of the node that has the controller. `gc` keeps what a current version, "
    "an\nalias, a rollout, a rollback or a node needs, what older versions that "
    "are\nkept have (unless bundles.quota is exceeded), and what was asked for "
    "within\nthe last hour.\n",
  .examples = "  faas-cli bundles list\n"
              "  faas-cli bundles gc --dry-run\n"
              "  faas-cli bundles gc --json\n",
  .options = bundles_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 1,
  .run = run_bundles};

} // namespace faas::cli
