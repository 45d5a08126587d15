// node token, node revoke.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

result<void> make_token(session& s, const arguments& args,
                        gateway_api& gateway) {
  auto life = args.time("expires", std::chrono::hours{1});
  if (!life)
    return life.error();
  json wanted{
    {"expires_s",
     std::chrono::duration_cast<std::chrono::seconds>(*life).count()}};
  if (args.has("tier"))
    wanted["tier"] = args.get("tier");
  if (args.has("address"))
    wanted["addresses"] = args.all("address");
  auto made = gateway.post("/system/nodes/tokens", wanted);
  if (!made)
    return made.error();
  if (args.has("json")) {
    s.out << made->dump(2) << '\n';
    return {};
  }
  s.out << text_at(*made, "token") << '\n';
  s.err << "On the new machine: faas-node join TOKEN\n"
           "It works once. Whoever has it can join: keep it secret until "
           "then.\n";
  return {};
}

result<void> revoke(session& s, const arguments& args, gateway_api& gateway) {
  const auto& name = args.words()[1];
  auto done
    = gateway.post("/system/nodes/revoke/" + url_encode(name), json::object());
  if (!done)
    return done.error();
  if (args.has("json"))
    s.out << done->dump(2) << '\n';
  else
    s.out << name << ": revoked; its links end within seconds\n";
  return {};
}

result<void> run_node(session& s, const arguments& args) {
  const auto& verb = args.words()[0];
  const bool revokes = verb == "revoke";
  if (verb != "token" && !revokes)
    return error{errc::invalid_argument,
                 "\"" + verb.substr(0, 60) + "\" is nothing that node does",
                 "use `faas-cli node token` or `faas-cli node revoke NAME`"};
  if (args.words().size() != (revokes ? 2u : 1u))
    return error{errc::invalid_argument,
                 revokes ? "revoke needs the name of one node"
                         : "token takes no further word",
                 "`faas-cli help node` shows examples"};
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  return revokes ? revoke(s, args, gateway) : make_token(s, args, gateway);
}

constexpr option node_options[] = {
  {"tier", value, "tier of the node that joins [it chooses]", "TIER"},
  {"expires", value, "how long the token may wait, at most 720h [1h]", "TIME"},
  {"address", list, "where the node shall dial [as the gateway's node says]",
   "HOST:PORT"},
  {"json", flag, "print JSON"},
};

} // namespace

const command node_command{
  .name = "node",
  .words = "token | revoke NAME",
  .summary = "Let a node join the cluster, or take its certificate back",
  .details
  = "Asks the controller's node. `token` prints a token that lets one node "
    "join.\n`revoke` ends a node's links within seconds; it must join "
    "again.\n",
  .examples = "  faas-cli node token --tier edge --expires 10m\n"
              "  faas-cli node revoke edge-1\n",
  .options = node_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 2,
  .run = run_node};

} // namespace faas::cli
