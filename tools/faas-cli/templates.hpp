// What `faas-cli new` writes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faas::cli {

struct template_file {
  std::string path;
  std::string text;
};

/// Languages, for messages: "cpp, c, torch".
std::string template_languages();

/// Files of a new function; empty for an unknown language.
std::vector<template_file> function_template(std::string_view language,
                                             const std::string& name);

} // namespace faas::cli
