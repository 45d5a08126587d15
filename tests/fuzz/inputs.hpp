// What fuzz tests are fed with.
#pragma once

#include "libfaas/core/random.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace faas::test {

/// A number of the environment, such as PETREL_FUZZ_SEED.
inline uint64_t setting(const char* name, uint64_t normal) {
  const auto* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : normal;
}

/// The files of tests/fuzz/AREA/corpus, by name.
inline std::vector<std::string> corpus(const std::string& area) {
  const auto* source = std::getenv("PETREL_SOURCE");
  const auto folder = std::filesystem::path{source ? source : "."}
                      / "tests/fuzz" / area / "corpus";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const auto& file : files) {
    std::stringstream text;
    text << std::ifstream{file, std::ios::binary}.rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

/// Some bytes changed, put in, taken out or repeated.
inline std::string mutated(std::string text, random_source& random) {
  for (uint64_t i = 0; i <= random.below(4); ++i) {
    const auto at = text.empty() ? 0 : random.below(text.size());
    switch (random.below(4)) {
    case 0:
      if (!text.empty())
        text[at] = static_cast<char>(random.next());
      break;
    case 1: text.insert(at, 1, static_cast<char>(random.next())); break;
    case 2: text.erase(at, random.below(8)); break;
    default: text.insert(at, text.substr(at, random.below(40))); break;
    }
  }
  return text;
}

} // namespace faas::test
