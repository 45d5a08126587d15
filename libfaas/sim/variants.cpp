#include "libfaas/sim/variants.hpp"

#include <algorithm>

namespace faas::sim {
namespace {

std::optional<size_t> find(const std::vector<function_law>& functions,
                           const std::string& name) {
  for (size_t i = 0; i < functions.size() && !name.empty(); ++i)
    if (functions[i].name == name)
      return i;
  return {};
}

} // namespace

std::string wrong_lighter(const std::vector<function_law>& functions) {
  for (const auto& first : functions) {
    auto at = &first;
    for (size_t steps = 0; !at->lighter.empty(); ++steps) {
      const auto next = find(functions, at->lighter);
      if (!next)
        return at->name + ".lighter: \"" + at->lighter
               + "\" is not among functions";
      if (steps == functions.size())
        return first.name + ".lighter: they come round in a circle";
      at = &functions[*next];
    }
  }
  return {};
}

variants::variants(const std::vector<function_law>& functions)
  : functions_(functions) {
  for (const auto& one : functions)
    lighter_.push_back(find(functions, one.lighter));
}

double variants::work_of(size_t function, double size) const noexcept {
  const auto& law = functions_[function];
  return law.ms_per_unit * size + law.ms_fixed;
}

draw variants::as(draw event, size_t function) const noexcept {
  const double before = work_of(event.function, event.size);
  const double factor
    = before > 0 ? work_of(function, event.size) / before : 1;
  event.function = function;
  event.work *= factor;
  event.mean_work *= factor;
  event.bytes = functions_[function].bytes_of(event.size);
  return event;
}

} // namespace faas::sim
