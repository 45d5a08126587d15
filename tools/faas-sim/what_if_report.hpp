// The findings of a what-if, for people and for programs.
#pragma once

#include "libfaas/whatif/answer.hpp"

#include <iosfwd>

namespace faas::sim {

struct what_if_report {
  const whatif::recording& in;
  const whatif::laws& known;
  const whatif::change& asked;
  const whatif::findings& found;
  int seeds = 0;
  std::vector<std::string> notes; ///< of reading the log
};

/// What a reader must know of the laws behind the answer, a line each.
std::vector<std::string> remarks(const what_if_report& of);
void print_table(std::ostream& out, const what_if_report& of);
void print_json(std::ostream& out, const what_if_report& of);

} // namespace faas::sim
