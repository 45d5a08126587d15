#include "libfaas/whatif/change.hpp"

#include <charconv>
#include <cmath>
#include <optional>

namespace faas::whatif {
namespace {

error refused(std::string what, std::string next) {
  return {errc::invalid_argument, std::move(what), std::move(next)};
}

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+'))
    text.remove_prefix(1);
  double value = 0;
  const auto [end, wrong]
    = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc{} || end != text.data() + text.size()
      || !std::isfinite(value))
    return std::nullopt;
  return value;
}

/// "x2", "2": a factor from 0.01 to 100.
result<double> factor(std::string_view text, const std::string& of) {
  auto digits = text;
  if (digits.starts_with('x'))
    digits.remove_prefix(1);
  const auto value = number(digits);
  if (!value || !(*value >= 0.01 && *value <= 100))
    return refused(of + ": " + std::string{text} + " is no factor",
                   "x0.01 to x100, as in x1.5");
  return *value;
}

result<size_t> servers(std::string_view text, const std::string& of) {
  const auto value = number(text);
  if (!value || !(*value >= 1 && *value <= 4096)
      || *value != std::floor(*value))
    return refused(of + ": " + std::string{text} + " is no number of servers",
                   "1 to 4096");
  return static_cast<size_t>(*value);
}

/// The two halves of "a=b".
result<std::pair<std::string_view, std::string_view>>
halves(std::string_view text, char at, const std::string& form) {
  const auto found = text.find(at);
  if (found == text.npos || found == 0 || found + 1 == text.size())
    return refused("\"" + std::string{text} + "\" is not " + form, "");
  return std::pair{text.substr(0, found), text.substr(found + 1)};
}

struct at_site {
  uint32_t site = 0;
  std::string_view rest;
};

result<at_site> site_and(std::string_view text, const recording& in,
                         const std::string& form) {
  const auto parts = halves(text, '=', form);
  if (!parts)
    return parts.error();
  const auto site = site_named(parts->first, in);
  if (!site)
    return site.error();
  return at_site{*site, parts->second};
}

result<void> add_property(std::string_view text, added_site& to) {
  const auto parts = halves(text, '=', "speed=F, rtt=+MS or servers=N");
  if (!parts)
    return parts.error();
  const auto& [key, value] = *parts;
  if (key == "speed") {
    const auto by = factor(value, "speed");
    if (!by)
      return by.error();
    to.speed = *by;
  } else if (key == "rtt") {
    const auto ms = number(value);
    if (!ms || std::abs(*ms) > 1e5)
      return refused("rtt: " + std::string{value} + " is no time in ms",
                     "as in rtt=+20");
    to.more_rtt_ms = *ms;
  } else if (key == "servers") {
    const auto count = servers(value, "servers");
    if (!count)
      return count.error();
    to.servers = *count;
  } else
    return refused("a new site has no \"" + std::string{key} + "\"",
                   "speed=F, rtt=+MS, servers=N");
  return {};
}

} // namespace

result<uint32_t> site_named(std::string_view text, const recording& in) {
  std::optional<uint32_t> found;
  std::string all;
  for (uint32_t i = 0; i < in.sites.size(); ++i) {
    const auto& name = in.sites[i];
    if (name == text)
      return i;
    all += (all.empty() ? "" : ", ") + name;
    if (name.substr(0, name.find('/')) != text)
      continue;
    if (found)
      return refused("\"" + std::string{text} + "\" has several sites",
                     "one of: " + all);
    found = i;
  }
  if (found)
    return *found;
  return refused("there is no site \"" + std::string{text} + "\" in this log",
                 "one of: " + all);
}

result<void> parse_rate(std::string_view text, change& to) {
  const auto by = factor(text, "--rate");
  if (!by)
    return by.error();
  to.rate = *by;
  return {};
}

result<void> parse_added(std::string_view text, const recording& in,
                         change& to) {
  const std::string form = "NAME=LIKE[,speed=F][,rtt=+MS][,servers=N]";
  const auto parts = halves(text, '=', form);
  if (!parts)
    return parts.error();
  added_site made;
  made.name = parts->first;
  auto rest = parts->second;
  const auto like = site_named(rest.substr(0, rest.find(',')), in);
  if (!like)
    return like.error();
  made.like = *like;
  for (const auto& name : in.sites)
    if (name == made.name || name.substr(0, name.find('/')) == made.name)
      return refused("there is a site " + name + " already",
                     "give the new one another name");
  while (rest.find(',') != rest.npos) {
    rest.remove_prefix(rest.find(',') + 1);
    if (auto good = add_property(rest.substr(0, rest.find(',')), made); !good)
      return good.error();
  }
  to.added.push_back(std::move(made));
  return {};
}

result<void> parse_dropped(std::string_view text, const recording& in,
                           change& to) {
  const auto site = site_named(text, in);
  if (!site)
    return site.error();
  to.dropped.resize(in.sites.size());
  to.dropped[*site] = true;
  return {};
}

result<void> parse_cut(std::string_view text, const recording& in,
                       change& to) {
  const auto at = text.find('@');
  const auto site = site_named(text.substr(0, at), in);
  if (!site)
    return site.error();
  if (at == text.npos) {
    to.cuts.push_back({*site, 0, in.length_ms});
    return {};
  }
  const auto times = halves(text.substr(at + 1), '-', "FROM-UNTIL in seconds");
  if (!times)
    return times.error();
  const auto from = number(times->first), until = number(times->second);
  if (!from || !until || !(*from >= 0 && *from < *until)
      || *from * 1000 >= in.length_ms)
    return refused("\"" + std::string{text} + "\": no time of this log",
                   "SITE@FROM-UNTIL in seconds, 0 to "
                     + std::to_string(static_cast<int>(in.length_ms / 1000)));
  to.cuts.push_back({*site, *from * 1000, *until * 1000});
  return {};
}

result<void> parse_link(std::string_view text, const recording& in,
                        change& to) {
  const auto got = site_and(text, in, "SITE=xF or SITE=+MS");
  if (!got)
    return got.error();
  if (!got->rest.starts_with('+')) {
    const auto by = factor(got->rest, "--link");
    if (!by)
      return by.error();
    to.links.push_back({got->site, *by, 0});
    return {};
  }
  const auto ms = number(got->rest);
  if (!ms || *ms > 1e5)
    return refused("--link: " + std::string{got->rest} + " is no time in ms",
                   "as in +20");
  to.links.push_back({got->site, 1, *ms});
  return {};
}

result<void> parse_slowed(std::string_view text, const recording& in,
                          change& to) {
  const auto got = site_and(text, in, "SITE=xF");
  if (!got)
    return got.error();
  const auto by = factor(got->rest, "--slow");
  if (!by)
    return by.error();
  to.slowed.push_back({got->site, *by});
  return {};
}

result<void> parse_servers(std::string_view text, const recording& in,
                           change& to) {
  const auto got = site_and(text, in, "SITE=N");
  if (!got)
    return got.error();
  const auto count = servers(got->rest, "--servers");
  if (!count)
    return count.error();
  to.servers.push_back({got->site, *count});
  return {};
}

} // namespace faas::whatif
