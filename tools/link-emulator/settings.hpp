// What a link is told: commands, and scripts of commands.
#pragma once

#include "libfaas/core/result.hpp"
#include "tools/link-emulator/shaper.hpp"

#include <string>
#include <vector>

namespace faas::emulator {

/// `there`: from who connects to the target; `back`: the other way.
struct link_settings {
  link_shape there, back;
  bool cut = false;
};

/// Obeys one command: `rtt MS`, `mbit N` (both ways), `mbit-there N`,
/// `mbit-back N`, `jitter MS`, `jitter-law uniform|exponential`, `loss SHARE`,
/// `cut`, `heal`. False, and nothing changes: it is none of these, or its
/// number is not one that a link can have.
bool change(link_settings& link, const std::string& command);

/// One command of a script.
struct timed_command {
  duration at; ///< since the start of the script
  std::string command;
};

/// A script (a measured trace, steps): lines of `SECONDS COMMAND`, times
/// rising; empty lines and lines with # are left out. errc::invalid_argument
/// names the line.
result<std::vector<timed_command>> parse_script(const std::string& text);

} // namespace faas::emulator
