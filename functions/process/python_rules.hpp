// Which starts of Python may come from the zygote.
#pragma once

#include "functions/child/child.hpp"

#include <string>

namespace faas::process {

/// Why this start must execute its own interpreter, for `describe`; empty: a
/// fork of the zygote is the same to it. `found`: the file that argv[0] means;
/// `python`: the zygote's interpreter.
std::string why_not_forked(const child::spawn_request& start,
                           const std::filesystem::path& found,
                           const std::filesystem::path& python);

} // namespace faas::process
