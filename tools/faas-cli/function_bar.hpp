// How far a function is on its way to the nodes, as one line of a terminal.
#pragma once

#include "tools/faas-cli/deployer.hpp"

namespace faas::cli {

/// "hello [######------------]  30 %  uploading 12 MB": the last column is what
/// is done just now. Pure. `share` of the whole, 0 to 1. Colours only if asked
/// for.
std::string bar_text(const std::string& name, double share,
                     const std::string& what, bool colours);

/// Rewrites its line; only on a terminal, elsewhere it does nothing. Colours
/// unless NO_COLOR is set or TERM is dumb. The line is wiped at the end, or
/// when something else is to be written.
class function_bar {
public:
  function_bar(session& s, std::string name);
  ~function_bar() { wipe(); }
  function_bar(const function_bar&) = delete;
  function_bar& operator=(const function_bar&) = delete;

  void packing();
  void uploading(uint64_t sent, uint64_t total);
  void waiting(const progress& now);
  void wipe();

private:
  void show(double share, const std::string& what);

  session& s_;
  std::string name_, shown_;
  bool colours_;
};

} // namespace faas::cli
