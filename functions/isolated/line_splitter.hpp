// Lines out of what a program writes.
#pragma once

#include "libfaas/core/limits.hpp"

#include <string>
#include <string_view>

namespace faas::isolated {

/// Cuts a stream of bytes into lines of at most limits::log_line_bytes; what a
/// line has more is dropped. Bounded memory, whatever comes. Not thread safe.
class line_splitter {
public:
  /// Calls `take(std::string_view line)` for each line that ends in `bytes`.
  template <class Take>
  void add(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto part = bytes.substr(0, end);
      rest_.append(part.substr(0, limits::log_line_bytes - rest_.size()));
      if (end == bytes.npos)
        return;
      finish(take);
      bytes.remove_prefix(end + 1);
    }
  }
  /// The last line, when it has no end.
  template <class Take>
  void flush(Take&& take) {
    if (!rest_.empty())
      finish(take);
  }

private:
  template <class Take>
  void finish(Take& take) {
    if (!rest_.empty() && rest_.back() == '\r')
      rest_.pop_back();
    take(std::string_view{rest_});
    rest_.clear();
  }
  std::string rest_;
};

} // namespace faas::isolated
