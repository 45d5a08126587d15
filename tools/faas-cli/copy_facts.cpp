#include "tools/faas-cli/copy_facts.hpp"

#include "registry/bundles/sha256.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"

#include <algorithm>
#include <ostream>

namespace faas::cli {

using nlohmann::json;

namespace {

error no_registry() {
  return {errc::digest_mismatch, "the registry is not whole",
          "nothing was changed; export again"};
}

} // namespace

result<registry_facts> facts_of(const std::string& text) {
  registry_facts facts;
  bool ended = false;
  const std::string_view all{text};
  for (size_t at = 0; at < all.size();) {
    const auto line = all.substr(at, all.find('\n', at) - at);
    const auto one = json::parse(line, nullptr, false);
    if (!one.is_object() || ended)
      return no_registry();
    ended = one.contains("end");
    if (ended
        && text_at(one, "sha256") != registry::digest_of(all.substr(0, at)).hex())
      return no_registry();
    at = std::min(at + line.size() + 1, all.size());
    facts.functions += one.contains("function");
    facts.secrets += one.contains("secret");
    facts.has_ca = facts.has_ca || one.contains("trust");
    facts.has_secrets = facts.has_secrets || flag_at(one, "secrets");
    if (!one.contains("bundle"))
      continue;
    auto id = digest::parse(text_at(one, "bundle"));
    if (!id)
      return id.error();
    if (const auto size = one.find("record");
        size != one.end() && size->is_number_unsigned())
      facts.bundles.emplace_back(*id, size->get<uint64_t>());
    else
      ++facts.absent;
  }
  if (!ended)
    return no_registry();
  return facts;
}

json key_object(const copy_key& key) {
  auto object = json::object();
  if (!key.hex.empty())
    object["key"] = std::string{key.hex.view()};
  return object;
}

progress_bar::~progress_bar() {
  if (shown_)
    s_.err << '\n';
}

void progress_bar::operator()(uint64_t done, uint64_t total) {
  if (!s_.err_is_terminal || total == 0)
    return;
  const auto percent = static_cast<int>(100 * std::min(done, total) / total);
  if (percent == percent_)
    return;
  percent_ = percent;
  shown_ = true;
  std::string bar(static_cast<size_t>(percent / 5), '#');
  bar.resize(20, '.');
  s_.err << '\r' << what_ << " [" << bar << "] " << percent << " % of "
         << short_bytes(static_cast<double>(total)) << std::flush;
}

} // namespace faas::cli
