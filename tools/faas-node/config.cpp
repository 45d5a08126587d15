#include "tools/faas-node/config.hpp"

#include "libfaas/core/id.hpp"
#include "libfaas/manifest/platform.hpp"
#include "libfaas/routing/site_costs.hpp"
#include "libfaas/trust/token.hpp"
#include "registry/redis/redis_catalog.hpp"

namespace faas::node {

result<void> validate(const config& checked) {
  if (!checked.name.empty() && !valid_function_name(checked.name))
    return error{errc::invalid_argument,
                 "node.name \"" + checked.name
                   + "\" must be lower-case letters, digits and dashes, at "
                     "most 63"};
  if (checked.gateway_address != "127.0.0.1" && checked.gateway_address != "::1"
      && checked.gateway_address != "localhost")
    return error{errc::invalid_argument,
                 "gateway.address " + checked.gateway_address
                   + " is refused: the gateway speaks plain HTTP, so it stays "
                     "on loopback",
                 "use 127.0.0.1, with a TLS proxy of your own in front"};
  if (!valid_function_name(checked.cluster))
    return error{errc::invalid_argument,
                 "node.cluster \"" + checked.cluster
                   + "\" must be lower-case letters, digits and dashes, at "
                     "most 63"};
  for (const auto& [key, value] : checked.labels)
    if (key.starts_with(own_label_prefix))
      return error{errc::invalid_argument,
                   "node.labels \"" + key + "\": labels that begin with "
                     + std::string{own_label_prefix}
                     + " are the node's own"};
  if (const auto costs = routing::costs_in(checked.labels);
      !costs.wrong.empty())
    return error{errc::invalid_argument,
                 "node.labels: " + costs.wrong.front(),
                 "say for example price_per_s=0.0004,idle_watts=5,"
                 "busy_watts=20: no unit, and busy_watts not below idle_watts"};
  for (const auto& to : checked.join)
    if (!trust::valid_address(to))
      return error{errc::invalid_argument,
                   "link.join \"" + to + "\" is not host:port"};
  for (const auto& at : checked.advertise)
    if (!trust::valid_address(at))
      return error{errc::invalid_argument,
                   "link.advertise \"" + at + "\" is not host:port"};
  for (const auto& hex : checked.trust)
    if (!digest::parse(hex))
      return error{errc::invalid_argument,
                   "functions.trust \"" + hex + "\" is no SHA-256 digest",
                   "faas-cli pack prints it"};
  if (!checked.redis.empty())
    if (auto read = registry::redis::parse_address(checked.redis); !read)
      return error{errc::invalid_argument,
                   "registry.redis: " + read.error().message,
                   read.error().next_step};
  if (checked.redis_cert_file.empty() != checked.redis_key_file.empty())
    return error{errc::invalid_argument,
                 "registry.redis_cert_file and registry.redis_key_file belong "
                 "together",
                 "give both or none"};
  if (auto ok = registry::check_redis_prefix(checked.redis_prefix); !ok)
    return error{errc::invalid_argument,
                 "registry.redis_prefix: " + ok.error().message,
                 ok.error().next_step};
  return {};
}

} // namespace faas::node
