#include "functions/process/environment.hpp"

#include "libfaas/manifest/process.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace faas::process {
namespace {

bool plain_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
  });
}

/// An environment is a list of C strings.
std::string value_of(std::string_view text) {
  std::string out{text};
  std::erase(out, '\0');
  return out;
}

void put_header(string_map& out, std::string_view name,
                std::string_view value) {
  if (!plain_name(name))
    return;
  auto key = "Http_" + canonical_header(name);
  std::replace(key.begin(), key.end(), '-', '_');
  out.emplace(std::move(key), value_of(value)); // the first one stays
}

int hex(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

} // namespace

string_map base_environment(const load_request& from) {
  auto out = from.spec.environment;
  out.emplace("PATH", usual_path);
  out.emplace("HOME", "/tmp");
  out.emplace("LANG", "C.UTF-8");
  out["PETREL_FUNCTION"] = from.version.function.str();
  out["PETREL_VERSION"] = std::to_string(from.version.version);
  if (from.secrets)
    out["PETREL_SECRETS"] = from.secrets->folder().string();
  std::error_code failed;
  const auto packages
    = std::filesystem::absolute(from.folder, failed) / "python_packages";
  if (std::filesystem::is_directory(packages, failed)) {
    auto& path = out["PYTHONPATH"];
    path = packages.string() + (path.empty() ? "" : ":") + path;
  }
  return out;
}

string_map lambda_environment(const load_request& from) {
  const auto bytes = memory_limit(from.spec);
  const auto mib = bytes && *bytes > 0 ? *bytes >> 20 : uint64_t{1024};
  std::error_code failed;
  return {{"AWS_LAMBDA_FUNCTION_NAME", from.version.function.str()},
          {"AWS_LAMBDA_FUNCTION_VERSION", std::to_string(from.version.version)},
          {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(mib)},
          {"AWS_LAMBDA_LOG_GROUP_NAME", "petrel"},
          {"AWS_LAMBDA_LOG_STREAM_NAME", from.version.function.str()},
          {"LAMBDA_TASK_ROOT",
           std::filesystem::absolute(from.folder, failed).string()}};
}

std::string canonical_header(std::string_view name) {
  std::string out{name};
  bool first = true;
  for (auto& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    c = static_cast<char>(first ? std::toupper(byte) : std::tolower(byte));
    first = c == '-';
  }
  return out;
}

string_map event_environment(const invocation& event) {
  string_map out;
  for (const auto& [name, value] : event.headers)
    put_header(out, name, value);
  if (!event.content_type.empty())
    put_header(out, "Content-Type", event.content_type);
  out["Http_Content_Length"] = std::to_string(event.body.size());
  out["Http_X_Call_Id"] = event.id.to_string();
  out["Http_Method"] = value_of(event.method);
  if (!event.path.empty())
    out["Http_Path"] = value_of(percent_decoded(event.path));
  if (!event.query.empty())
    out["Http_Query"] = value_of(event.query);
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0
        && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

uint16_t port_of_url(std::string_view url) noexcept {
  if (constexpr std::string_view scheme = "http://"; url.starts_with(scheme))
    url.remove_prefix(scheme.size());
  url = url.substr(0, url.find('/'));
  const auto colon = url.rfind(':');
  const auto host = url.substr(0, colon);
  if (host != "127.0.0.1" && host != "localhost" && host != "0.0.0.0")
    return 0;
  if (colon == std::string_view::npos)
    return 80;
  const auto digits = url.substr(colon + 1);
  uint16_t port = 0;
  const auto* end = digits.data() + digits.size();
  const auto [at, failed] = std::from_chars(digits.data(), end, port);
  return failed == std::errc{} && at == end ? port : 0;
}

} // namespace faas::process
