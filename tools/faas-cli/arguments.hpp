// Command lines: declared options, parsed values.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faas::cli {

/// One option as a command declares it.
struct option {
  enum class kind { flag, value, list };
  const char* names; ///< "g,gateway" or "json"
  kind type;
  const char* help;
  const char* value_name = "";

  std::string_view long_name() const noexcept;
};

/// Parsed options and words of one command line.
class arguments {
public:
  using option_groups = std::span<const std::span<const option>>;

  /// errc::invalid_argument names the option; values are taken as they are (no
  /// splitting at commas).
  static result<arguments> parse(option_groups groups,
                                 const std::vector<std::string>& words);

  bool has(std::string_view name) const noexcept;
  /// The last value given; empty when absent.
  std::string get(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::string>& words() const noexcept { return words_; }

  /// Typed values; `normal` when absent. errc::invalid_argument.
  result<duration> time(std::string_view name, duration normal) const;
  result<int64_t> number(std::string_view name, int64_t normal) const;

private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> words_;
};

/// The options of a help text, two columns.
std::string describe_options(arguments::option_groups groups);

} // namespace faas::cli
