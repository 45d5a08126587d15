// JSON files that are there whole or not at all.
#pragma once

#include "registry/files/files.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace faas::registry {

/// Replaces the file: mode 0600, durable when it returns; after a crash it is
/// the old one or the new one.
result<void> replace_file(const std::filesystem::path& file,
                          std::string_view text);
/// Nullopt when there is no such file. errc::forbidden when others could read
/// or have written it; errc::invalid_argument when it is no JSON object of
/// this `version`.
result<std::optional<nlohmann::json>>
read_json(const std::filesystem::path& file, int version);

} // namespace faas::registry
