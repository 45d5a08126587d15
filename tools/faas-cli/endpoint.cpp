#include "tools/faas-cli/endpoint.hpp"

#include <ostream>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t max_token = 4096;
constexpr const char* default_gateway = "http://127.0.0.1:8080";

std::string_view host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = url.rfind('@'); at != std::string_view::npos)
    url.remove_prefix(at + 1);
  if (url.starts_with('['))
    return url.substr(1, url.find(']') - 1);
  return url.substr(0, url.rfind(':'));
}

result<std::string> read_token(const fs::path& path) {
  auto text = read_file(path, max_token);
  if (!text)
    return {errc::not_found, "cannot read the token file " + path.string(),
            "it is written by the node at its first start; read it as the "
            "node's user, or name another with --token-file"};
  const auto end = text->find_last_not_of(" \t\r\n");
  text->erase(end == std::string::npos ? 0 : end + 1);
  if (text->empty() || text->find_first_of("\r\n") != std::string::npos)
    return {errc::invalid_argument,
            path.string() + " does not hold a token (one line)"};
  return text;
}

/// Where a node on this machine keeps its token.
std::vector<fs::path> node_token_files(const machine& system) {
  std::vector<fs::path> files;
  if (const auto data = system.environment("XDG_DATA_HOME");
      data && !data->empty())
    files.push_back(fs::path{*data} / "petrel/admin-token");
  else if (const auto home = system.environment("HOME"); home)
    files.push_back(fs::path{*home} / ".local/share/petrel/admin-token");
  files.push_back("/var/lib/petrel/admin-token");
  return files;
}

std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + base64(user + ":" + password);
}

} // namespace

std::string base64(std::string_view bytes) {
  constexpr char digits[]
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](size_t k) -> uint32_t {
      return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0u;
    };
    const auto word = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += digits[word >> 18];
    out += digits[word >> 12 & 63];
    out += i + 1 < bytes.size() ? digits[word >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? digits[word & 63] : '=';
  }
  return out;
}

result<std::string> gateway_url(const machine& system, const arguments& args,
                                const manifest_file* file) {
  std::string url = args.get("gateway");
  if (url.empty() && file)
    url = file->content.gateway;
  for (const auto name : {"PETREL_GATEWAY", "OPENFAAS_URL"})
    if (url.empty())
      url = system.environment(name).value_or("");
  if (url.empty())
    url = default_gateway;
  if (url.find("://") == std::string::npos)
    url = "http://" + url;
  while (url.ends_with('/'))
    url.pop_back();
  if (!(url.starts_with("http://") || url.starts_with("https://"))
      || host_of(url).empty()
      || url.find_first_of(" \t\r\n?#") != std::string::npos)
    return {errc::invalid_argument,
            "\"" + url.substr(0, 100) + "\" is not the address of a gateway",
            "write for example -g http://127.0.0.1:8080"};
  return url;
}

bool is_loopback(std::string_view url) {
  const auto host = host_of(url);
  return host == "localhost" || host == "::1"
         || (host.starts_with("127.")
             && host.find_first_not_of("0123456789.")
                  == std::string_view::npos);
}

result<endpoint> resolve_endpoint(const machine& system, const arguments& args,
                                  const manifest_file* file) {
  auto url = gateway_url(system, args, file);
  if (!url)
    return url.error();
  endpoint out{*url, "", ""};
  const auto user = args.has("username") ? args.get("username") : "admin";
  if (args.has("password")) {
    out.authorization = basic(user, args.get("password"));
    out.token_source = "--password";
    return out;
  }
  auto path = args.get("token-file");
  if (path.empty())
    path = system.environment("PETREL_TOKEN_FILE").value_or("");
  if (!path.empty()) {
    auto token = read_token(system.working_folder() / path);
    if (!token)
      return token.error();
    out.authorization = basic(user, *token);
    out.token_source = path;
    return out;
  }
  if (!is_loopback(out.url))
    return out;
  for (const auto& candidate : node_token_files(system)) {
    std::error_code ignored;
    if (!fs::exists(candidate, ignored))
      continue;
    // An unreadable file is no reason to fail: the gateway says what is needed.
    if (auto token = read_token(candidate)) {
      out.authorization = basic(user, *token);
      out.token_source = candidate.string();
      return out;
    }
  }
  return out;
}

result<endpoint> find_endpoint(session& s, const arguments& args) {
  // A broken manifest must not keep anyone from asking a named gateway.
  if (args.has("gateway") && !args.has("yaml"))
    return resolve_endpoint(s.system, args, nullptr);
  auto file = find_manifest(s, args, false);
  if (!file)
    return file.error();
  return resolve_endpoint(s.system, args, *file ? &**file : nullptr);
}

} // namespace faas::cli
