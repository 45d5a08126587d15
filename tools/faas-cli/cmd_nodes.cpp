// nodes list, cordon, uncordon, drain, remove.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/views.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using namespace std::chrono_literals;
using enum option::kind;

constexpr duration poll = 500ms;

std::string dump(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

result<void> show_all(session& s, const arguments& args, gateway_api& gateway) {
  auto nodes = gateway.get("/system/nodes");
  if (!nodes)
    return nodes.error();
  s.out << (args.has("json") ? dump(*nodes, 2) + "\n" : node_table(*nodes));
  return {};
}

/// "edge-1: draining: waits for ..."
std::string standing_text(const json& node) {
  const auto note = text_at(node, "note");
  return printable(text_at(node, "name") + ": " + text_at(node, "duty")
                   + (note.empty() ? "" : ": " + note));
}

/// Null when the node is not listed.
json node_named(const json& nodes, const std::string& name) {
  for (const auto& node : list_in(nodes, "nodes"))
    if (text_at(node, "name") == name)
      return node;
  return {};
}

/// Until the node is drained: one line (or object) per change.
result<void> watch(session& s, const arguments& args, gateway_api& gateway,
                   const std::string& name) {
  auto timeout = args.time("timeout", 10min);
  if (!timeout)
    return timeout.error();
  const auto deadline = s.system.now() + *timeout;
  std::string told;
  while (true) {
    auto nodes = gateway.get("/system/nodes");
    if (!nodes)
      return nodes.error();
    const auto node = node_named(*nodes, name);
    if (node.is_null())
      return error{errc::not_found, name + " is not listed any more",
                   "it was removed meanwhile; see faas-cli nodes"};
    const auto text = standing_text(node);
    if (text != std::exchange(told, text))
      s.out << (args.has("json") ? dump(node, -1) : text) << std::endl;
    const auto duty = text_at(node, "duty");
    if (duty == "drained")
      return {};
    if (duty != "draining")
      return error{errc::conflict, name + " is not being drained any more",
                   "someone else has changed it; see faas-cli nodes"};
    if (s.system.now() + poll > deadline)
      return error{errc::deadline_exceeded, text,
                   "it goes on; give it longer with --timeout, or let another "
                   "node run what it waits for"};
    s.system.sleep(poll);
  }
}

result<void> steer(session& s, const arguments& args, gateway_api& gateway,
                   const std::string& action, const std::string& name) {
  auto path = "/system/node/" + url_encode(name) + "?action=" + action;
  if (args.has("force"))
    path += "&force=true";
  auto done = gateway.post(path, json::object());
  if (!done)
    return done.error();
  const bool watches = action == "drain" && args.has("watch");
  if (watches)
    return watch(s, args, gateway, name);
  s.out << (args.has("json") ? dump(*done, 2) : standing_text(*done)) << '\n';
  return {};
}

result<void> run_nodes(session& s, const arguments& args) {
  const auto& words = args.words();
  const auto action = words.empty() ? std::string{"list"} : words[0];
  const bool lists = action == "list";
  if (!lists && action != "cordon" && action != "uncordon" && action != "drain"
      && action != "remove")
    return error{errc::invalid_argument,
                 "\"" + action.substr(0, 60) + "\" is nothing that nodes does",
                 "list, cordon, uncordon, drain or remove"};
  if (words.size() > 1 ? lists : !lists)
    return error{errc::invalid_argument,
                 lists ? "list takes no further word"
                       : action + " needs the name of one node",
                 "`faas-cli help nodes` shows examples"};
  if ((args.has("watch") && action != "drain")
      || (args.has("force") && action != "remove"))
    return error{errc::invalid_argument,
                 "--watch is for drain, --force for remove"};
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  return lists ? show_all(s, args, gateway)
               : steer(s, args, gateway, action, words[1]);
}

constexpr option nodes_options[] = {
  {"watch", flag, "drain: follow it until the node is drained"},
  {"timeout", value, "how long to watch [10m]", "TIME"},
  {"force", flag, "remove: also a node that still serves"},
  {"json", flag, "print JSON"},
};

} // namespace

const command nodes_command{
  .name = "nodes",
  .words = "[list | cordon NAME | uncordon NAME | drain NAME | remove NAME]",
  .summary = "List the nodes of the cluster; take one out of service",
  .details
  = "A * marks the node that answers. A cordoned node goes on with what it "
    "has, but\n"
    "gets nothing new and no events of other nodes. A draining node gives up "
    "each\n"
    "version once another node has it ready; a drained one runs nothing. "
    "`uncordon`\n"
    "ends all of it. `remove` forgets the node and takes its certificate "
    "back.\n",
  .examples = "  faas-cli nodes\n"
              "  faas-cli nodes list --json\n"
              "  faas-cli nodes cordon edge-1\n"
              "  faas-cli nodes drain edge-1 --watch\n"
              "  faas-cli nodes remove edge-1\n",
  .options = nodes_options,
  .asks_gateway = true,
  .max_words = 2,
  .run = run_nodes};

} // namespace faas::cli
