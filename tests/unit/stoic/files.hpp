// The tables of examples/data/stoic, or some of them made wrong.
#pragma once

#include "tools/stoic-replay/record.hpp"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

namespace faas::stoic {

/// Files of the source tree; `instead` replaces some.
inline file_reader data_files(std::map<std::string, std::string> instead = {}) {
  return [instead = std::move(instead)](
           const std::string& name) -> result<std::string> {
    if (const auto found = instead.find(name); found != instead.end())
      return found->second;
    const char* source = std::getenv("PETREL_SOURCE");
    std::ifstream in{std::string{source ? source : "."}
                     + "/examples/data/stoic/" + name};
    if (!in)
      return error{errc::not_found, "cannot read " + name};
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  };
}

} // namespace faas::stoic
