#include "registry/records/record_json.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace faas::registry {
namespace {

using json = nlohmann::json;

std::string text_of(const json& value) {
  // Invalid UTF-8 is replaced: a record must never be unwritable.
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json version_json(const function_version& version) {
  // A new member of function_version stops the build here: write it below,
  // and read it in version_from().
  const auto& [number, spec, bundle, created, by] = version;
  return {{"number", number},
          {"spec", json::parse(to_json(spec))},
          {"bundle", bundle.hex()},
          {"created_ns", to_ns(created)},
          {"by", by}};
}

result<function_version> version_from(const json& stored) {
  function_version version;
  version.number = stored.at("number").get<uint32_t>();
  auto spec = spec_from_json(stored.at("spec").dump());
  if (!spec)
    return spec.error();
  version.spec = std::move(*spec);
  auto bundle = digest::parse(stored.at("bundle").get<std::string>());
  if (!bundle)
    return bundle.error();
  version.bundle = *bundle;
  version.created = from_ns(stored.at("created_ns").get<int64_t>());
  version.by = stored.at("by").get<std::string>();
  return version;
}

result<function_record> record_from(const function_name& name,
                                    const json& stored) {
  function_record record;
  record.name = name;
  record.current = stored.at("current").get<uint32_t>();
  record.last = stored.at("last").get<uint32_t>();
  for (const auto& one : stored.at("versions")) {
    auto version = version_from(one);
    if (!version)
      return unreadable_version(name, one.at("number").get<uint32_t>(),
                                version.error().message);
    const auto number = version->number;
    record.versions[number] = std::move(*version);
  }
  if (const auto rules = stored.find("traffic"); rules != stored.end()) {
    auto read = traffic_from_json(rules->dump());
    if (!read)
      return unreadable_version(name, record.current, read.error().message);
    record.traffic = std::move(*read);
  } // else of a release that knew no such rules
  if (!record.versions.contains(record.current))
    return unreadable_version(name, record.current, "it is missing");
  return record;
}

error unreadable(const std::string& what, std::string_view text) {
  return {errc::internal,
          what + " cannot be read: \"" + std::string{text.substr(0, 80)} + "\"",
          "restore a backup of the catalog"};
}

/// Whole numbers, separated by one blank each.
template <size_t N>
bool read_numbers(std::string_view text, std::array<uint64_t, N>& to) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (size_t i = 0; i < N; ++i) {
    if (i > 0 && (at == end || *at++ != ' '))
      return false;
    const auto parsed = std::from_chars(at, end, to[i]);
    if (parsed.ec != std::errc{})
      return false;
    at = parsed.ptr;
  }
  return at == end;
}

} // namespace

int64_t to_ns(wall_time at) noexcept {
  return std::chrono::nanoseconds{at.time_since_epoch()}.count();
}

wall_time from_ns(int64_t ns) noexcept {
  return wall_time{std::chrono::duration_cast<wall_time::duration>(
    std::chrono::nanoseconds{ns})};
}

error unreadable_version(const function_name& function, uint32_t number,
                         const std::string& why) {
  return {errc::internal,
          "the catalog's entry of " + function.str() + " version "
            + std::to_string(number) + " cannot be read: " + why,
          "restore a backup, or remove and deploy the function again with the "
          "Petrel version that wrote it"};
}

std::string record_to_json(const function_record& record) {
  // As above: a new member must be written here and read in record_from().
  const auto& [name, current, last, versions, traffic] = record;
  json stored{{"current", current}, {"last", last}};
  if (traffic != traffic_rules{})
    stored["traffic"] = json::parse(to_json(traffic));
  auto& list = stored["versions"] = json::array();
  for (const auto& [number, version] : versions)
    list.push_back(version_json(version));
  return text_of(stored);
}

result<function_record> record_from_json(const function_name& name,
                                         std::string_view text) {
  try {
    return record_from(name, json::parse(text));
  } catch (const json::exception& failed) {
    return unreadable_version(name, 0, failed.what());
  }
}

std::string retired_to_text(const retired_function& retired) {
  return std::to_string(retired.last) + " " + std::to_string(retired.removed);
}

result<retired_function> retired_from_text(const function_name& name,
                                           std::string_view text) {
  std::array<uint64_t, 2> read{};
  if (!read_numbers(text, read))
    return unreadable("the catalog's note of the removed " + name.str(), text);
  return retired_function{static_cast<uint32_t>(read[0]), read[1]};
}

std::string outcome_to_text(const command_outcome& outcome) {
  return std::to_string(outcome.at.number) + " "
         + std::to_string(outcome.version) + " "
         + (outcome.unchanged ? "1" : "0");
}

result<command_outcome> outcome_from_text(std::string_view text) {
  std::array<uint64_t, 3> read{};
  if (!read_numbers(text, read))
    return unreadable("the catalog's note of a request", text);
  command_outcome outcome;
  outcome.at.number = read[0];
  outcome.version = static_cast<uint32_t>(read[1]);
  outcome.unchanged = read[2] != 0;
  outcome.repeated = true;
  return outcome;
}

} // namespace faas::registry
