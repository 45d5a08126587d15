#include "libfaas/manifest/reader.hpp"

#include "libfaas/manifest/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace faas {
namespace {

/// More complaints than this help nobody.
constexpr size_t max_findings = 16;

void add(std::vector<std::string>& list, int line, const std::string& key,
         const std::string& what) {
  if (list.size() < max_findings)
    list.push_back("line " + std::to_string(line) + ": " + key + ": " + what);
}

std::string quoted(std::string_view text) {
  auto out = "\"" + std::string{text.substr(0, 64)};
  return out + (text.size() > 64 ? "...\"" : "\"");
}

/// Levenshtein distance; both words are short.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const auto above = row[j + 1];
      row[j + 1]
        = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

template <class T>
bool whole(std::string_view text, T& out) {
  const auto end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, out);
  return code == std::errc{} && stop == end && !text.empty();
}

bool boolean(std::string_view text, bool& out) {
  for (const auto word : {"true", "True", "TRUE", "yes", "on"})
    if (text == word)
      return out = true;
  for (const auto word : {"false", "False", "FALSE", "no", "off"})
    if (text == word)
      return !(out = false);
  return false;
}

} // namespace

void findings::fail(int line, const std::string& key, const std::string& what) {
  add(errors, line, key, what);
}

void findings::warn(int line, const std::string& key, const std::string& what) {
  add(warnings, line, key, what);
}

std::string_view nearest(std::string_view word,
                         std::span<const std::string_view> known) {
  std::string_view best;
  // Near: a third of the letters may differ, two in a short word.
  auto least = word.size() < 4 ? 2 : std::max<size_t>(2, word.size() / 3) + 1;
  if (word.size() > 64)
    return best;
  for (const auto candidate : known) {
    const auto d = distance(word, candidate);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

section::section(const yaml_node& node, std::string path, findings& found)
  : node_(node), path_(std::move(path)), found_(found) {
  if (node.type != yaml_node::kind::map && node.type != yaml_node::kind::null)
    found_.fail(node.line, path_.empty() ? "file" : path_,
                "must be a mapping (key: value)");
  for (const auto& entry : node.entries)
    found_.lines.emplace(path_of(entry.key), entry.line);
}

std::string section::path_of(std::string_view key) const {
  return (path_.empty() ? "" : path_ + ".") + std::string{key};
}

bool section::has(std::string_view key) const noexcept {
  return node_.find(key) != nullptr;
}

const yaml_node* section::get(std::string_view key) {
  const auto* entry = node_.find(key);
  return entry ? entry->value.get() : nullptr;
}

void section::fail(std::string_view key, const std::string& what) {
  const auto* entry = node_.find(key);
  found_.fail(entry ? entry->line : node_.line, path_of(key), what);
}

const std::string* section::scalar(std::string_view key, const char* wanted) {
  const auto* value = get(key);
  if (!value || value->type == yaml_node::kind::null)
    return nullptr;
  if (value->type == yaml_node::kind::scalar)
    return &value->text;
  fail(key, std::string{"must be "} + wanted);
  return nullptr;
}

void section::read(std::string_view key, std::string& out) {
  if (const auto* text = scalar(key, "text"))
    out = *text;
}

void section::read(std::string_view key, bool& out) {
  const auto* text = scalar(key, "true or false");
  if (text && !boolean(*text, out))
    fail(key, quoted(*text) + " must be true or false");
}

void section::read(std::string_view key, uint32_t& out) {
  const auto* text = scalar(key, "a whole number");
  if (text && !whole(*text, out))
    fail(key, quoted(*text) + " must be a whole number of at least 0");
}

void section::read(std::string_view key, double& out) {
  const auto* text = scalar(key, "a number");
  if (text && !whole(*text, out))
    fail(key, quoted(*text) + " must be a number");
}

void section::read(std::string_view key, duration& out) {
  const auto* text = scalar(key, "a duration, for example 90, 1m30s or 250ms");
  if (!text)
    return;
  if (auto value = parse_duration(*text))
    out = *value;
  else
    fail(key, value.error().message + "; " + value.error().next_step);
}

void section::read_bytes(std::string_view key, uint64_t& out) {
  const auto* text = scalar(key, "bytes, for example 500K or 40Mi");
  if (!text)
    return;
  if (auto value = parse_bytes(*text))
    out = *value;
  else
    fail(key, value.error().message + "; " + value.error().next_step);
}

void section::read(std::string_view key, std::vector<std::string>& out) {
  const auto* value = get(key);
  if (!value || value->type == yaml_node::kind::null)
    return;
  if (value->type == yaml_node::kind::scalar) {
    out.push_back(value->text);
    return;
  }
  if (value->type == yaml_node::kind::map)
    fail(key, "must be a list ([a, b])");
  for (const auto& item : value->items) {
    if (item->type == yaml_node::kind::scalar)
      out.push_back(item->text);
    else
      found_.fail(item->line, path_of(key), "must be a list of words");
  }
}

void section::read(std::string_view key, std::vector<int64_t>& out) {
  const auto* value = get(key);
  if (!value || value->type == yaml_node::kind::null)
    return;
  if (value->type != yaml_node::kind::sequence)
    fail(key, "must be a list of whole numbers ([-1, 28, 28])");
  for (const auto& item : value->items) {
    int64_t number = 0;
    if (item->type == yaml_node::kind::scalar && whole(item->text, number))
      out.push_back(number);
    else
      found_.fail(item->line, path_of(key), "must be a list of whole numbers");
  }
}

void section::read(std::string_view key, std::vector<double>& out) {
  const auto* value = get(key);
  if (!value || value->type == yaml_node::kind::null)
    return;
  if (value->type != yaml_node::kind::sequence)
    fail(key, "must be a list of numbers ([0.485, 0.456, 0.406])");
  for (const auto& item : value->items) {
    double number = 0;
    if (item->type == yaml_node::kind::scalar && whole(item->text, number))
      out.push_back(number);
    else
      found_.fail(item->line, path_of(key), "must be a list of numbers");
  }
}

void section::read(std::string_view key, string_map& out) {
  const auto* value = get(key);
  if (!value || value->type == yaml_node::kind::null)
    return;
  if (value->type != yaml_node::kind::map) {
    fail(key, "must be a mapping (key: value)");
    return;
  }
  for (const auto& entry : value->entries) {
    if (entry.value->type == yaml_node::kind::scalar)
      out[entry.key] = entry.value->text;
    else if (entry.value->type == yaml_node::kind::null)
      out[entry.key] = "";
    else
      found_.fail(entry.line, path_of(key) + "." + entry.key, "must be text");
  }
}

void section::finish(std::span<const std::string_view> known, strictness how) {
  for (const auto& entry : node_.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end())
      continue;
    std::string what = "unknown key";
    if (const auto near = nearest(entry.key, known); !near.empty())
      what += "; did you mean \"" + std::string{near} + "\"?";
    const auto key = path_of(entry.key.substr(0, 64));
    if (how == strictness::unknown_is_error)
      found_.fail(entry.line, key, what);
    else
      found_.warn(entry.line, key, what + " (ignored)");
  }
}

} // namespace faas
