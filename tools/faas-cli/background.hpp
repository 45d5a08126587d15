// Programs beside this one, and Ctrl-C, on a POSIX system.
#pragma once

#include "tools/faas-cli/machine.hpp"

namespace faas::cli {

/// See machine::start(). errc::not_found, errc::internal.
result<std::unique_ptr<background>>
start_background(const std::vector<std::string>& arguments,
                 const std::filesystem::path& output);

/// See machine::interrupted().
bool was_interrupted();

} // namespace faas::cli
