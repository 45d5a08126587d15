#include "tools/faas-node/join.hpp"

#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/join_client.hpp"
#include "registry/trust/identity_files.hpp"
#include "tools/faas-node/node.hpp"
#include "tools/faas-node/node_trust.hpp"

namespace faas::node {
namespace {

/// The key of a former join of this node, or of one that did not end; else a
/// new one, durable before it is used.
result<std::string>
key_of(const registry::identity_files& files,
       const std::optional<trust::node_identity>& kept) {
  if (kept)
    return kept->key;
  auto begun = files.joining_key();
  if (!begun || !begun->empty())
    return begun;
  auto made = tls::make_key();
  if (made)
    if (auto saved = files.save_joining_key(*made); !saved)
      return saved.error();
  return made;
}

result<void> check_folder(const std::optional<trust::node_identity>& kept,
                          const trust::join_token& token,
                          const std::string& wanted_name,
                          const std::filesystem::path& data) {
  if (!kept)
    return {};
  if (kept->self.controller)
    return error{errc::conflict,
                 data.string() + " has the controller of cluster "
                   + kept->cluster,
                 "join with another data folder: --data DIR"};
  if (kept->cluster != token.cluster)
    return error{errc::conflict,
                 data.string() + " belongs to cluster " + kept->cluster
                   + ", the token to " + token.cluster,
                 "join with another data folder: --data DIR"};
  if (!wanted_name.empty() && wanted_name != kept->self.node.str())
    return error{errc::conflict,
                 data.string() + " is that of node " + kept->self.node.str(),
                 "leave node.name out, or use another data folder"};
  return {};
}

} // namespace

result<trust::node_identity> join(const config& settings,
                                  const std::string& text) {
  const auto token = trust::join_token::parse(text);
  if (!token)
    return token.error();
  const auto data = data_folder(settings);
  if (auto made = registry::make_private_folder(data); !made)
    return made.error();
  const registry::identity_files files{data / "trust"};
  auto kept = files.load();
  if (!kept)
    return kept.error();
  if (auto good = check_folder(*kept, *token, settings.name, data); !good)
    return good.error();
  const auto key = key_of(files, *kept);
  if (!key)
    return key.error();
  const node_name node{*kept ? (*kept)->self.node.str() : name_of(settings)};
  auto joined = tunnel::join_cluster(*token, *key, node,
                                     std::chrono::system_clock::now());
  if (!joined)
    return joined;
  if (auto saved = files.save(*joined); !saved)
    return saved.error();
  files.forget_joining_key();
  return joined;
}

} // namespace faas::node
