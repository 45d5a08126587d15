#include "actors/link/offers.hpp"

#include "actors/link/bulk_ways.hpp"

#include <caf/send.hpp>

namespace faas::actors {
namespace {

template <class Question>
std::function<bool(Question)> asker(const known_link& link, census& counters) {
  return [gate = link.gate, to = link.actor, &counters](Question question) {
    if (!gate->usable.load(std::memory_order_acquire))
      return false;
    counters.of(actor_kind::link).count_sent();
    caf::anon_send(to, make_local(outgoing_control{std::move(question)}));
    return true;
  };
}

} // namespace

bundle_peers bundles_of(const known_links& links, bulk_links* bulk,
                        census& counters) {
  bundle_peers all;
  for (const auto& [number, link] : links.all) {
    if (!link.up)
      continue;
    all.peers.push_back(peer_with_bundles(
      link, bulk, asker<wire::bundle_request>(link, counters)));
  }
  return all;
}

secret_source secrets_of(const known_link& link, census& counters) {
  return {link.hello.node, asker<wire::secret_request>(link, counters)};
}

secret_source secrets_of(const controller_actor& controller,
                         const vault_actor& vault, const node_name& self,
                         census& counters) {
  secret_source source;
  source.node = self;
  source.ask = [from = controller, to = vault, self,
                &counters](wire::secret_request request) {
    const auto answer = [to, self, &counters](wire::secret_value value) {
      counters.of(actor_kind::vault).count_sent();
      caf::anon_send(to, make_local(secret_arrived{self, std::move(value)}));
    };
    counters.of(actor_kind::controller).count_sent();
    caf::anon_send(from, make_local(secret_wanted{
                           self, std::move(request.name), answer}));
    return true;
  };
  return source;
}

} // namespace faas::actors
