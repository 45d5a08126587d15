#include "functions/isolated/channel/message.hpp"

#include "functions/native/header_rules.hpp"
#include "libfaas/core/limits.hpp"

#include <array>

namespace faas::isolated {
namespace {

/// A list in a message from the node; more is no list.
constexpr uint64_t most_entries = 65'536;

/// What a worker may say of an event.
constexpr std::array allowed_codes{
  errc::ok,         errc::function_failed, errc::bad_bundle,
  errc::too_large,  errc::internal,        errc::cancelled,
  errc::invalid_argument};

bool allowed(uint64_t code) noexcept {
  for (const auto one : allowed_codes)
    if (code == static_cast<uint64_t>(one))
      return true;
  return false;
}

void pack_headers(packer& to, const header_list& headers) {
  to.number(headers.size());
  for (const auto& header : headers) {
    to.text(header.name);
    to.text(header.value);
  }
}

header_list unpack_headers(unpacker& from) {
  header_list headers;
  for (auto left = from.number(most_headers); left > 0 && from.good(); --left) {
    std::string name{from.text()};
    headers.push_back({std::move(name), std::string{from.text()}});
  }
  return headers;
}

error broken(std::string what) {
  return {errc::function_failed,
          "the worker process answered with " + std::move(what),
          "the function may have overwritten memory: run it under a "
          "sanitizer"};
}

} // namespace

void pack(packer& to, const create_request& what) {
  to.number(static_cast<uint64_t>(request_kind::create));
  to.text(what.library);
  to.text(what.function);
  to.text(what.folder);
  to.number(what.max_body);
  to.number(what.environment.size());
  for (const auto& [name, value] : what.environment) {
    to.text(name);
    to.text(value);
  }
  to.text(what.secret_folder);
  to.number(what.secrets.size());
  for (const auto& name : what.secrets)
    to.text(name);
}

void pack_call(packer& to, const invocation& event, duration remaining,
               const std::vector<std::string>& changed) {
  to.number(static_cast<uint64_t>(request_kind::call));
  to.number(event.id.high);
  to.number(event.id.low);
  to.number(static_cast<uint64_t>(remaining.count()));
  to.text(event.method);
  to.text(event.path);
  to.text(event.query);
  to.text(event.content_type);
  pack_headers(to, event.headers);
  to.number(changed.size());
  for (const auto& name : changed)
    to.text(name);
  to.number(event.body.size());
}

void pack_destroy(packer& to) {
  to.number(static_cast<uint64_t>(request_kind::destroy));
}

void pack_proceed(packer& to, part_fate of_last) {
  to.number(static_cast<uint64_t>(request_kind::proceed));
  to.number(static_cast<uint64_t>(of_last));
}

void pack_reply(packer& to, const reply& answer, uint64_t body_bytes,
                bool part) {
  to.number(part ? 1 : 0);
  to.number(static_cast<uint64_t>(answer.code));
  to.number(answer.status);
  to.text(answer.content_type);
  to.text(std::string_view{answer.message}.substr(0, error_bytes));
  to.text(std::string_view{answer.next_step}.substr(0, error_bytes));
  pack_headers(to, answer.headers);
  to.number(body_bytes);
}

std::optional<request_kind> kind_of(std::string_view head) noexcept {
  unpacker from{head};
  const auto kind = from.number(4);
  if (kind == 0)
    return std::nullopt;
  return static_cast<request_kind>(kind);
}

std::optional<create_request> unpack_create(std::string_view head) {
  unpacker from{head};
  create_request made;
  if (from.number() != static_cast<uint64_t>(request_kind::create))
    return std::nullopt;
  made.library = from.text();
  made.function = from.text();
  made.folder = from.text();
  made.max_body = from.number();
  for (auto left = from.number(most_entries); left > 0 && from.good(); --left) {
    const std::string name{from.text()};
    made.environment[name] = from.text();
  }
  made.secret_folder = from.text();
  for (auto left = from.number(most_entries); left > 0 && from.good(); --left)
    made.secrets.emplace(from.text());
  if (!from.done())
    return std::nullopt;
  return made;
}

std::optional<call_request> unpack_call(std::string_view head) {
  unpacker from{head};
  call_request made;
  if (from.number() != static_cast<uint64_t>(request_kind::call))
    return std::nullopt;
  made.event.id.high = from.number();
  made.event.id.low = from.number();
  made.remaining = duration{static_cast<int64_t>(from.number())};
  made.event.method = from.text();
  made.event.path = from.text();
  made.event.query = from.text();
  made.event.content_type = from.text();
  made.event.headers = unpack_headers(from);
  for (auto left = from.number(most_entries); left > 0 && from.good(); --left)
    made.changed.emplace_back(from.text());
  made.body_bytes = from.number();
  if (!from.done())
    return std::nullopt;
  return made;
}

std::optional<part_fate> unpack_proceed(std::string_view head) noexcept {
  unpacker from{head};
  if (from.number() != static_cast<uint64_t>(request_kind::proceed))
    return std::nullopt;
  const auto fate = from.number(static_cast<uint64_t>(part_fate::stop));
  if (!from.done())
    return std::nullopt;
  return static_cast<part_fate>(fate);
}

result<worker_reply> unpack_reply(std::string_view head, uint64_t max_body) {
  unpacker from{head};
  worker_reply made;
  made.part = from.number(1) == 1;
  const auto code = from.number();
  const auto status = from.number();
  made.answer.content_type = from.text();
  made.answer.message = from.text().substr(0, error_bytes);
  made.answer.next_step = from.text().substr(0, error_bytes);
  made.answer.headers = unpack_headers(from);
  made.body_bytes = from.number();
  if (!from.done())
    return broken("a message that is none");
  if (!allowed(code))
    return broken("the unknown code " + std::to_string(code));
  made.answer.code = static_cast<errc>(code);
  if (status < 200 || status > 599)
    return broken("status " + std::to_string(status));
  made.answer.status = static_cast<uint16_t>(status);
  if (made.body_bytes > max_body)
    return broken("a body of " + std::to_string(made.body_bytes)
                  + " bytes, over the " + std::to_string(max_body)
                  + " that fit");
  if (!native::is_header_value(made.answer.content_type))
    return broken("control characters in its content type");
  size_t bytes = 0;
  for (const auto& header : made.answer.headers) {
    bytes += header.name.size() + header.value.size() + 4;
    if (!native::is_header_name(header.name)
        || !native::is_header_value(header.value))
      return broken("a header that is none");
  }
  if (bytes > limits::header_bytes)
    return broken("headers of " + std::to_string(bytes) + " bytes");
  return made;
}

} // namespace faas::isolated
