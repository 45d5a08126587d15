// Typed reading of a YAML tree with complaints that name line and key.
#pragma once

#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/manifest/yaml_tree.hpp"

#include <map>
#include <span>

namespace faas {

/// What was found wrong so far, and where each key was.
struct findings {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::map<std::string, int> lines; ///< line of each key path read

  void fail(int line, const std::string& key, const std::string& what);
  void warn(int line, const std::string& key, const std::string& what);
};

/// The key of `known` that differs least from `word`; empty when none is near.
std::string_view nearest(std::string_view word,
                         std::span<const std::string_view> known);

/// One mapping of the file at a key path ("functions.hello.petrel"). Each read
/// leaves `out` as it is when the key is absent and complains when the value
/// has the wrong type.
class section {
public:
  enum class strictness { unknown_is_error, unknown_is_warning };

  /// A node that is no mapping is reported; null counts as an empty mapping.
  section(const yaml_node& node, std::string path, findings& found);

  const std::string& path() const noexcept { return path_; }
  findings& found() noexcept { return found_; }
  bool has(std::string_view key) const noexcept;
  const yaml_node* get(std::string_view key);

  void read(std::string_view key, std::string& out);
  void read(std::string_view key, bool& out);
  void read(std::string_view key, uint32_t& out);
  void read(std::string_view key, double& out);
  void read(std::string_view key, duration& out);
  void read_bytes(std::string_view key, uint64_t& out);
  /// A list of words, or one word.
  void read(std::string_view key, std::vector<std::string>& out);
  void read(std::string_view key, std::vector<int64_t>& out);
  void read(std::string_view key, std::vector<double>& out);
  void read(std::string_view key, string_map& out);

  /// Reports each key that is not in `known`, with the nearest one that is.
  void finish(std::span<const std::string_view> known, strictness how);

  /// Complains about a key of this section.
  void fail(std::string_view key, const std::string& what);

private:
  /// The scalar's text; nullptr (reported) when it is none.
  const std::string* scalar(std::string_view key, const char* wanted);
  std::string path_of(std::string_view key) const;

  const yaml_node& node_;
  std::string path_;
  findings& found_;
};

} // namespace faas
