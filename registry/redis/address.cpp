#include "registry/redis/address.hpp"

#include <algorithm>
#include <charconv>

namespace faas::registry::redis {
namespace {

/// Bound of sockaddr_un::sun_path, less the terminating zero.
constexpr size_t socket_path_bytes = 107;
constexpr size_t url_bytes = 1024;
constexpr size_t max_sentinels = 16;
constexpr uint16_t sentinel_port = 26379;

error wrong(const std::string& what) {
  return {errc::invalid_argument, "the address of Redis " + what,
          "write redis[s]://[user[:password]@]host[:port][/database], "
          "unix:///path?db=N, a path, or sentinel[+tls]://host[:port],.../master; "
          "see docs/operations.md"};
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

/// Takes "?db=N" off the end of `rest`.
bool take_database(std::string_view& rest, address& to) {
  const auto query = rest.find("?db=");
  if (query == std::string_view::npos)
    return true;
  const auto number = rest.substr(query + 4);
  rest = rest.substr(0, query);
  return read_number(number, to.database);
}

/// host, host:port, [v6] or [v6]:port; the port stays when there is none.
result<void> read_endpoint(std::string_view text, endpoint& to) {
  const bool bracket = !text.empty() && text[0] == '[';
  const auto end = bracket ? text.find(']') : text.find(':');
  if (bracket && end == std::string_view::npos)
    return wrong("has no ] after its IPv6 host");
  to.host = text.substr(bracket ? 1 : 0, bracket ? end - 1 : end);
  if (to.host.empty())
    return wrong("names no host");
  const auto colon = bracket ? end + 1 : end;
  if (colon < text.size()
      && (text[colon] != ':' || !read_number(text.substr(colon + 1), to.port)
          || to.port == 0))
    return wrong("has no port from 1 to 65535 after its host");
  return {};
}

result<address> parse_sentinels(std::string_view rest) {
  address to;
  if (!take_login(rest, to))
    return wrong("has a bad percent sign in user or password");
  if (!take_database(rest, to))
    return wrong("has no number after ?db=");
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size())
    return wrong("names no master after its sentinels");
  to.master = rest.substr(slash + 1);
  rest = rest.substr(0, slash);
  while (to.sentinels.size() < max_sentinels) {
    const auto comma = std::min(rest.find(','), rest.size());
    endpoint one{"", sentinel_port};
    if (auto ok = read_endpoint(rest.substr(0, comma), one); !ok)
      return ok.error();
    to.sentinels.push_back(std::move(one));
    if (comma == rest.size())
      return to;
    rest.remove_prefix(comma + 1);
  }
  return wrong("names more than 16 sentinels");
}

result<address> parse_socket(std::string_view rest) {
  address to;
  if (!take_login(rest, to))
    return wrong("has a bad percent sign in user or password");
  if (!take_database(rest, to))
    return wrong("has no number after ?db=");
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
  endpoint at;
  if (auto ok = read_endpoint(rest, at); !ok)
    return ok.error();
  to.host = std::move(at.host);
  to.port = at.port;
  return to;
}

result<address> over_tls(result<address> made) {
  if (made)
    made->tls = true;
  return made;
}

} // namespace

std::string endpoint::shown() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string address::shown() const {
  const auto query = database ? "?db=" + std::to_string(database) : "";
  if (!socket.empty())
    return socket + query;
  if (sentinels.empty())
    return endpoint{host, port}.shown()
           + (database ? "/" + std::to_string(database) : "");
  std::string text;
  for (const auto& one : sentinels)
    text += (text.empty() ? "" : ",") + one.shown();
  return text + "/" + master + query;
}

result<address> parse_address(std::string_view url) {
  if (url.size() > url_bytes)
    return wrong("is longer than 1024 characters");
  if (url.starts_with("/"))
    return parse_socket(url);
  if (url.starts_with("unix://"))
    return parse_socket(url.substr(7));
  if (url.starts_with("redis://"))
    return parse_tcp(url.substr(8));
  if (url.starts_with("sentinel://"))
    return parse_sentinels(url.substr(11));
  if (url.starts_with("rediss://"))
    return over_tls(parse_tcp(url.substr(9)));
  if (url.starts_with("sentinel+tls://"))
    return over_tls(parse_sentinels(url.substr(15)));
  return wrong("begins with none of redis://, rediss://, sentinel://, "
               "sentinel+tls://, unix:// and /");
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
