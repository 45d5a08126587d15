#include "registry/copy/copy_text.hpp"

#include "registry/bundles/sha256.hpp"
#include "registry/records/record_json.hpp"
#include "registry/records/secret_json.hpp"

#include <nlohmann/json.hpp>

namespace faas::registry {
namespace {

using nlohmann::json;

constexpr int format = 1;

std::string quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// {"KIND":"NAME","record":RECORD}, the record being JSON already.
std::string line(const char* kind, const std::string& name,
                 const std::string& record) {
  return std::string{"{\""} + kind + "\":" + quoted(name)
         + ",\"record\":" + record + "}\n";
}

error broken(const std::string& what) {
  return {errc::invalid_argument, "the copy of the registry cannot be read: "
                                    + what,
          "export it again"};
}

class reader final : public registry_copy_reader {
public:
  result<void> add(std::string_view piece) override {
    total_ += piece.size();
    if (total_ > copy_limits::text_bytes)
      return error{errc::too_large,
                   "the copy of the registry has more than "
                     + std::to_string(copy_limits::text_bytes / limits::mib)
                     + " MiB",
                   "it was not made by faas-cli export"};
    while (!piece.empty()) {
      const auto end = piece.find('\n');
      line_.append(piece.substr(0, std::min(end, piece.size())));
      if (line_.size() > copy_limits::line_bytes)
        return broken("a line is too long");
      if (end == piece.npos)
        return {};
      if (auto ok = take(); !ok)
        return ok;
      line_.clear();
      piece.remove_prefix(end + 1);
    }
    return {};
  }

  result<registry_copy> end() override {
    if (!ended_ || !line_.empty())
      return error{errc::digest_mismatch,
                   "the copy of the registry is cut off",
                   "nothing was changed; export it again, or copy the file "
                   "again"};
    return std::move(copy_);
  }

private:
  result<void> take() {
    const auto value = json::parse(line_, nullptr, false);
    if (!value.is_object())
      return broken("line " + std::to_string(lines_ + 1) + " is no JSON");
    if (ended_)
      return broken("something follows its end");
    try {
      if (value.contains("end"))
        return finish(value);
      sum_.update(line_);
      sum_.update("\n");
      ++lines_;
      return lines_ == 1 ? take_head(value) : take_one(value);
    } catch (const json::exception&) { // of another type than expected
      return broken("line " + std::to_string(lines_) + " is none of ours");
    }
  }

  result<void> finish(const json& value) {
    ended_ = true;
    if (value.at("end").get<uint64_t>() == lines_
        && value.at("sha256").get<std::string>() == sum_.finish().hex())
      return {};
    return error{errc::digest_mismatch,
                 "the copy of the registry was changed on its way",
                 "nothing was changed here; export it again, or copy the file "
                 "again"};
  }

  result<void> take_head(const json& value) {
    const auto found = value.find("petrel_registry");
    if (found == value.end())
      return broken("it does not begin as one");
    if (found->get<int>() != format)
      return error{errc::conflict,
                   "the copy was made by a newer Petrel (format "
                     + std::to_string(found->get<int>())
                     + ", this one knows up to " + std::to_string(format)
                     + ")",
                   "import it with that version or a newer one"};
    copy_.catalog.at = {value.at("history").get<std::string>(),
                        value.at("number").get<uint64_t>()};
    copy_.has_secrets = value.at("secrets").get<bool>();
    copy_.secrets.at = {copy_.catalog.at.history,
                        value.value("secrets_number", uint64_t{0})};
    return {};
  }

  result<void> take_one(const json& value) {
    if (const auto at = value.find("function"); at != value.end()) {
      const function_name name{at->get<std::string>()};
      auto record = record_from_json(name, value.at("record").dump());
      if (!record)
        return broken(record.error().message);
      copy_.catalog.functions[name] = std::move(*record);
    } else if (const auto gone = value.find("retired"); gone != value.end()) {
      const function_name name{gone->get<std::string>()};
      auto retired = retired_from_text(name, value.at("record")
                                               .get<std::string>());
      if (!retired)
        return broken(retired.error().message);
      copy_.catalog.retired[name] = *retired;
    } else if (const auto kept = value.find("secret"); kept != value.end()) {
      const secret_name name{kept->get<std::string>()};
      auto secret = secret_from_json(name, value.at("record").dump());
      if (!secret)
        return broken(secret.error().message);
      copy_.secrets.secrets[name] = std::move(*secret);
    } else if (value.contains("trust")) {
      auto trust = secret_from_json(secret_name{"ca"},
                                    value.at("record").dump());
      if (!trust)
        return broken(trust.error().message);
      copy_.trust = std::move(*trust);
    }
    return {};
  }

  registry_copy copy_;
  std::string line_;
  uint64_t lines_ = 0, total_ = 0;
  sha256 sum_;
  bool ended_ = false;
};

} // namespace

std::string copy_to_text(const registry_copy& copy,
                         const size_lookup& bytes_of) {
  const auto& catalog = copy.catalog;
  std::string text
    = json{{"petrel_registry", format},
           {"history", catalog.at.history},
           {"number", catalog.at.number},
           {"secrets", copy.has_secrets},
           {"secrets_number", copy.secrets.at.number}}
        .dump()
      + "\n";
  size_t lines = 1;
  const auto add = [&](const std::string& one) {
    text += one;
    ++lines;
  };
  for (const auto& [name, record] : catalog.functions)
    add(line("function", name.str(), record_to_json(record)));
  for (const auto& [name, retired] : catalog.retired)
    add(line("retired", name.str(), quoted(retired_to_text(retired))));
  for (const auto& [name, secret] : copy.secrets.secrets)
    add(line("secret", name.str(), secret_to_json(secret)));
  if (copy.trust)
    add(line("trust", "ca", secret_to_json(*copy.trust)));
  for (const auto& id : bundles_of(catalog)) {
    const auto bytes = bytes_of(id);
    add(line("bundle", id.hex(), bytes ? std::to_string(*bytes) : "null"));
  }
  return text + "{\"end\":" + std::to_string(lines) + ",\"sha256\":\""
         + digest_of(text).hex() + "\"}\n";
}

std::unique_ptr<registry_copy_reader> make_copy_reader() {
  return std::make_unique<reader>();
}

} // namespace faas::registry
