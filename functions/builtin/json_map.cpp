#include "functions/builtin/json_map.hpp"

namespace faas::builtin {

result<std::vector<json_map::field>>
json_map::parse_select(std::string_view text) {
  std::vector<field> out;
  while (!trimmed(text).empty()) {
    const auto comma = text.find(',');
    const auto entry = trimmed(text.substr(0, comma));
    text = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
    const auto colon = entry.find(':');
    const auto name = trimmed(entry.substr(0, colon));
    auto from = colon == entry.npos
                  ? result<pointer>{errc::invalid_argument, "no pointer"}
                  : pointer::parse(trimmed(entry.substr(colon + 1)));
    if (name.empty() || !from)
      return {errc::invalid_argument,
              "SELECT: \"" + std::string{entry.substr(0, 64)}
                + "\" must be `name: /pointer`",
              "write for example SELECT: \"id: /id, site: /where/site\""};
    if (out.size() == 256)
      return {errc::invalid_argument, "SELECT has more than 256 fields"};
    out.push_back({std::string{name}, std::move(*from)});
  }
  return out;
}

result<json_map> json_map::make(const settings& from) {
  json_map out;
  auto where = filter::parse(from("WHERE"));
  if (!where)
    return where.error();
  out.where_ = std::move(*where);
  auto select = parse_select(from("SELECT"));
  if (!select)
    return select.error();
  out.select_ = std::move(*select);
  return out;
}

result<std::optional<std::string>> json_map::run(std::string_view body,
                                                 std::string_view content_type,
                                                 framing& how) const {
  auto read = read_documents(body, content_type);
  if (!read)
    return read.error();
  how = read->how;
  std::vector<json> out;
  for (auto& document : read->items) {
    if (!where_(document))
      continue;
    if (select_.empty()) {
      out.push_back(std::move(document));
      continue;
    }
    auto mapped = json::object();
    for (const auto& [name, at] : select_)
      if (const auto* found = at.find(document))
        mapped[name] = *found;
    out.push_back(std::move(mapped));
  }
  if (how == framing::one && out.empty())
    return std::optional<std::string>{};
  return std::optional{write_documents(how, out)};
}

} // namespace faas::builtin
