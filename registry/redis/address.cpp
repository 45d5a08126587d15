#include "registry/redis/address.hpp"

#include <charconv>

namespace faas::registry::redis {
namespace {

/// Bound of sockaddr_un::sun_path, less the terminating zero.
constexpr size_t socket_path_bytes = 107;
constexpr size_t url_bytes = 1024;

error wrong(const std::string& what) {
  return {errc::invalid_argument, "the address of Redis " + what,
          "write redis://[user[:password]@]host[:port][/database], "
          "unix:///path?db=N or a path; see docs/operations.md"};
}

template <class Number>
bool read_number(std::string_view text, Number& to) {
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, to);
  return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == end;
}

bool percent_decode(std::string_view text, std::string& to) {
  to.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      to += text[i];
      continue;
    }
    unsigned value = 0;
    const auto* from = text.data() + i + 1;
    if (i + 2 >= text.size()
        || std::from_chars(from, from + 2, value, 16).ptr != from + 2)
      return false;
    to += static_cast<char>(value);
    i += 2;
  }
  return true;
}

/// Takes "user:password@" off the front of `rest`.
bool take_login(std::string_view& rest, address& to) {
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos)
    return true;
  const auto login = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const auto colon = login.find(':');
  if (!percent_decode(login.substr(0, colon), to.user))
    return false;
  return colon == std::string_view::npos
         || percent_decode(login.substr(colon + 1), to.password);
}

result<address> parse_socket(std::string_view rest) {
  address to;
  if (!take_login(rest, to))
    return wrong("has a bad percent sign in user or password");
  if (const auto query = rest.find("?db="); query != std::string_view::npos) {
    if (!read_number(rest.substr(query + 4), to.database))
      return wrong("has no number after ?db=");
    rest = rest.substr(0, query);
  }
  if (rest.empty() || rest[0] != '/')
    return wrong("needs an absolute path of the unix socket");
  if (rest.size() > socket_path_bytes)
    return wrong("has a path of more than 107 characters");
  to.socket = rest;
  return to;
}

result<address> parse_tcp(std::string_view rest) {
  address to;
  if (!take_login(rest, to))
    return wrong("has a bad percent sign in user or password");
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    const auto number = rest.substr(slash + 1);
    if (!number.empty() && !read_number(number, to.database))
      return wrong("has no number of a database after the slash");
    rest = rest.substr(0, slash);
  }
  const bool bracket = !rest.empty() && rest[0] == '[';
  const auto end = bracket ? rest.find(']') : rest.find(':');
  if (bracket && end == std::string_view::npos)
    return wrong("has no ] after its IPv6 host");
  to.host = rest.substr(bracket ? 1 : 0, bracket ? end - 1 : end);
  if (to.host.empty())
    return wrong("names no host");
  const auto colon = bracket ? end + 1 : end;
  if (colon < rest.size()
      && (rest[colon] != ':' || !read_number(rest.substr(colon + 1), to.port)
          || to.port == 0))
    return wrong("has no port from 1 to 65535 after its host");
  return to;
}

} // namespace

std::string address::shown() const {
  if (!socket.empty())
    return socket + (database ? "?db=" + std::to_string(database) : "");
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port)
         + (database ? "/" + std::to_string(database) : "");
}

result<address> parse_address(std::string_view url) {
  if (url.size() > url_bytes)
    return wrong("is longer than 1024 characters");
  if (url.starts_with("rediss://"))
    return error{errc::invalid_argument,
                 "TLS to Redis is not built in (hiredis 0.14 has none)",
                 "put stunnel or another TLS proxy on this machine and give "
                 "its address; see docs/operations.md"};
  if (url.starts_with("/"))
    return parse_socket(url);
  if (url.starts_with("unix://"))
    return parse_socket(url.substr(7));
  if (url.starts_with("redis://"))
    return parse_tcp(url.substr(8));
  return wrong("begins with none of redis://, unix:// and /");
}

std::string without_password(std::string_view url) {
  const auto scheme = url.find("://");
  const auto at = url.rfind('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos)
    return std::string{url};
  const auto colon = url.find(':', scheme + 3);
  if (colon == std::string_view::npos || colon > at)
    return std::string{url};
  return std::string{url.substr(0, colon + 1)} + "***"
         + std::string{url.substr(at)};
}

} // namespace faas::registry::redis
