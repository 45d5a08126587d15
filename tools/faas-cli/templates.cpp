#include "tools/faas-cli/templates.hpp"

#include <algorithm>

namespace faas::cli {

// Made by embed.cmake.
extern const embedded_file embedded_files[];
extern const size_t embedded_count;

namespace {

constexpr template_language languages[] = {
  {"cpp", "C++, compiled into a library; a worker process or in the node"},
  {"c", "C, likewise, over the C ABI"},
  {"python", "Python, processes that stay; packages by requirements.txt"},
  {"node", "JavaScript, one process for many events"},
  {"shell", "any program, one process for each event"},
  {"torch", "a TorchScript model", "python3 make_model.py"},
};

std::string filled(std::string_view from, const std::string& with) {
  constexpr std::string_view what = "@NAME@";
  std::string text{from};
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

} // namespace

std::span<const template_language> template_languages() {
  return languages;
}

const template_language* find_language(std::string_view name) {
  const auto* found
    = std::find_if(std::begin(languages), std::end(languages),
                   [&](const auto& each) { return each.name == name; });
  return found == std::end(languages) ? nullptr : found;
}

std::string language_names() {
  std::string text;
  for (const auto& each : languages)
    text += (text.empty() ? "" : ", ") + std::string{each.name};
  return text;
}

std::vector<template_file> function_template(std::string_view language,
                                             const std::string& name) {
  std::vector<template_file> files;
  for (const auto& each : std::span{embedded_files, embedded_count})
    if (each.language == language)
      files.push_back({filled(each.path, name), filled(each.text, name),
                       each.text.starts_with("#!")});
  return files;
}

} // namespace faas::cli
