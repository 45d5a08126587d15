#include "gateway/tunnel/join_messages.hpp"

#include <nlohmann/json.hpp>

namespace faas::tunnel {
namespace {

using nlohmann::json;
constexpr size_t secret_bytes = 20;

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string{};
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const auto c : bytes) {
    text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    text += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    int value = 0;
    for (const auto c : {text[i], text[i + 1]}) {
      const auto digit = std::string_view{"0123456789abcdef"}.find(c);
      if (digit == std::string_view::npos)
        return {};
      value = value * 16 + static_cast<int>(digit);
    }
    bytes += static_cast<char>(value);
  }
  return bytes;
}

/// The error that an answer is; nullopt: it is none.
std::optional<error> error_in(const json& answer) {
  const auto why = answer.find("error");
  if (why == answer.end() || !why->is_object())
    return std::nullopt;
  auto code = errc_from_name(text_at(*why, "code"));
  if (code == errc::ok)
    code = errc::internal;
  return error{code, text_at(*why, "message"), text_at(*why, "next")};
}

bool flag_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

error malformed(const char* what) {
  return {errc::invalid_argument,
          std::string{"the "} + what + " of a join is malformed",
          "use the same version of Petrel on both machines"};
}

} // namespace

std::string framed(std::string_view text) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(text.size() >> shift & 255);
  return bytes.append(text);
}

result<uint32_t> length_of(std::string_view four_bytes, uint32_t limit) {
  uint32_t length = 0;
  for (const auto c : four_bytes)
    length = length << 8 | static_cast<uint8_t>(c);
  if (length > limit)
    return error{errc::too_large, "a message of a join is at most "
                                    + std::to_string(limit)
                                    + " bytes long"};
  return length;
}

std::string to_json(const join_question& question) {
  using kind = join_question::kind;
  if (question.what == kind::revoked)
    return dump({{"version", 1}, {"revoked", true}});
  json value{{"version", 1}, {"request", question.request}};
  if (question.what == kind::renewal) {
    value["renew"] = true;
  } else {
    value["secret"] = to_hex(question.secret);
    value["node"] = question.node.str();
  }
  return dump(value);
}

result<join_question> question_from_json(std::string_view text) {
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object())
    return malformed("question");
  join_question made;
  using kind = join_question::kind;
  if (flag_at(value, "revoked")) {
    made.what = kind::revoked;
    return made;
  }
  made.what = flag_at(value, "renew") ? kind::renewal : kind::join;
  made.secret = from_hex(text_at(value, "secret"));
  made.request = text_at(value, "request");
  made.node = node_name{text_at(value, "node")};
  if (made.request.empty()
      || (made.what == kind::join && made.secret.size() != secret_bytes))
    return malformed("question");
  return made;
}

std::string to_json(const result<authority::grant>& answer) {
  if (!answer)
    return dump({{"error",
                  {{"code", std::string{name(answer.error().code)}},
                   {"message", answer.error().message},
                   {"next", answer.error().next_step}}}});
  return dump({{"certificate", answer->certificate},
               {"authority", answer->authority},
               {"cluster", answer->cluster},
               {"tier", answer->tier}});
}

result<authority::grant> answer_from_json(std::string_view text) {
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object())
    return malformed("answer");
  if (auto why = error_in(value))
    return std::move(*why);
  authority::grant made{text_at(value, "certificate"),
                        text_at(value, "authority"), text_at(value, "cluster"),
                        text_at(value, "tier")};
  if (made.certificate.empty() || made.authority.empty())
    return malformed("answer");
  return made;
}

std::string to_json(const trust::taken_serials& revoked) {
  auto all = json::array(), removed = json::array();
  for (const auto& [serial, why] : revoked) {
    all.push_back(serial);
    if (why == trust::taken_back::removed)
      removed.push_back(serial);
  }
  return dump({{"revoked", std::move(all)}, {"removed", std::move(removed)}});
}

result<trust::taken_serials> revoked_from_json(std::string_view text) {
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object())
    return malformed("answer");
  if (auto why = error_in(value))
    return std::move(*why);
  const auto list = value.find("revoked");
  if (list == value.end() || !list->is_array())
    return malformed("answer");
  trust::taken_serials made;
  for (const auto& one : *list)
    if (one.is_string())
      made[one.get<std::string>()] = trust::taken_back::revoked;
  if (const auto gone = value.find("removed");
      gone != value.end() && gone->is_array())
    for (const auto& one : *gone) // absent in answers of an older version
      if (one.is_string())
        made[one.get<std::string>()] = trust::taken_back::removed;
  return made;
}

} // namespace faas::tunnel
