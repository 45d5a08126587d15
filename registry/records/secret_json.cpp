#include "registry/records/secret_json.hpp"

#include "registry/records/record_json.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace faas::registry {
namespace {

using json = nlohmann::json;

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    text += digits[static_cast<uint8_t>(c) >> 4];
    text += digits[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool from_hex(std::string_view text, std::string& to) {
  to.clear();
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = digit_of(text[i]), low = digit_of(text[i + 1]);
    if (high < 0 || low < 0)
      return false;
    to += static_cast<char>(high << 4 | low);
  }
  return text.size() % 2 == 0;
}

error unreadable(const secret_name& name, const std::string& why) {
  return {errc::internal,
          "the record of secret '" + name.str() + "' cannot be read: " + why,
          "restore a backup of the store, or remove that record and create "
          "the secret again"};
}

} // namespace

std::string secret_to_json(const sealed_secret& secret) {
  // A new member of sealed_secret stops the build here: write it below, and
  // read it in secret_from_json().
  const auto& [version, key, box, created, changed, by] = secret;
  const json stored{{"version", version},
                    {"key", key},
                    {"box", to_hex(box)},
                    {"created_ns", to_ns(created)},
                    {"changed_ns", to_ns(changed)},
                    {"by", by}};
  return stored.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<sealed_secret> secret_from_json(const secret_name& name,
                                       std::string_view text) {
  try {
    const auto stored = json::parse(text);
    sealed_secret secret;
    secret.version = stored.at("version").get<uint64_t>();
    secret.key = stored.at("key").get<std::string>();
    if (!from_hex(stored.at("box").get_ref<const std::string&>(), secret.box))
      return unreadable(name, "its box is no hex text");
    secret.created = from_ns(stored.at("created_ns").get<int64_t>());
    secret.changed = from_ns(stored.at("changed_ns").get<int64_t>());
    secret.by = stored.at("by").get<std::string>();
    return secret;
  } catch (const json::exception& failed) {
    return unreadable(name, failed.what());
  }
}

std::string secret_outcome_to_text(const secret_outcome& outcome) {
  return std::to_string(outcome.at.number) + " "
         + std::to_string(outcome.version) + " "
         + (outcome.unchanged ? "1" : "0");
}

result<secret_outcome> secret_outcome_from_text(std::string_view text) {
  std::istringstream in{std::string{text}};
  secret_outcome outcome;
  int unchanged = 0;
  if (!(in >> outcome.at.number >> outcome.version >> unchanged))
    return error{errc::internal, "the note of a request cannot be read",
                 "restore a backup of the store"};
  outcome.unchanged = unchanged != 0;
  outcome.repeated = true;
  return outcome;
}

} // namespace faas::registry
