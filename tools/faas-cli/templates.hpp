// What `faas-cli new` writes: the files in templates/, one folder a language.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faas::cli {

struct template_file {
  std::string path;
  std::string text;
  bool program = false; ///< may be executed
};

/// One language of `faas-cli new`.
struct template_language {
  std::string_view name;
  std::string_view summary;    ///< for --list
  std::string_view first = {}; ///< command before `faas-cli up`
};

/// In the order of --list.
std::span<const template_language> template_languages();

/// The language of that name; null: none.
const template_language* find_language(std::string_view name);

/// Their names, for messages: "cpp, c, ...".
std::string language_names();

/// Files of a new function; empty for an unknown language.
std::vector<template_file> function_template(std::string_view language,
                                             const std::string& name);

/// A file of templates/, as embed.cmake writes it down.
struct embedded_file {
  std::string_view language, path, text;
};

} // namespace faas::cli
