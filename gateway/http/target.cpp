#include "gateway/http/target.hpp"

#include "gateway/api/names.hpp"
#include "gateway/http/text.hpp"

namespace faas::http {
namespace {

constexpr std::string_view function_prefix = "/function/";
constexpr std::string_view async_prefix = "/async-function/";

/// Path and query of an absolute URL; empty when it is none.
std::string_view without_authority(std::string_view target) noexcept {
  const auto scheme = target.find("://");
  if (scheme == target.npos || !iequals(target.substr(0, scheme), "http"))
    return {};
  const auto path = target.find('/', scheme + 3);
  return path == target.npos ? std::string_view{"/"} : target.substr(path);
}

void split_name(std::string_view rest, target_parts& parts) noexcept {
  const auto slash = rest.find('/');
  parts.name = api::strip_default_namespace(rest.substr(0, slash));
  parts.path = slash == rest.npos ? std::string_view{"/"} : rest.substr(slash);
}

} // namespace

target_parts split_target(std::string_view target) noexcept {
  target_parts parts;
  if (!target.starts_with('/'))
    target = without_authority(target);
  if (target.empty() || target.find('#') != target.npos)
    return parts;
  const auto mark = target.find('?');
  auto path = target.substr(0, mark);
  if (mark != target.npos)
    parts.query = target.substr(mark + 1);
  parts.what = target_parts::kind::other;
  parts.path = path;
  if (path.starts_with(function_prefix)) {
    parts.what = target_parts::kind::function;
    split_name(path.substr(function_prefix.size()), parts);
  } else if (path.starts_with(async_prefix)) {
    parts.what = target_parts::kind::async_function;
    split_name(path.substr(async_prefix.size()), parts);
  }
  return parts;
}

} // namespace faas::http
