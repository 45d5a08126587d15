#include "gateway/http/cells.hpp"

namespace faas::http {

void function_cells::answered(uint16_t code, duration total) noexcept {
  size_t at = 0;
  while (at + 1 < max_codes) {
    const auto known = codes[at].code.load(std::memory_order_relaxed);
    if (known == code)
      break;
    if (known == 0) {
      codes[at].code.store(code, std::memory_order_relaxed);
      break;
    }
    ++at;
  }
  if (at + 1 == max_codes) // whatever else it answers: one series
    codes[at].code.store(999, std::memory_order_relaxed);
  auto& cells = codes[at];
  cells.count.add();
  cells.nanoseconds.add(static_cast<uint64_t>(total.count()));
  const auto seconds = std::chrono::duration<double>(total).count();
  size_t bucket = 0;
  while (bucket < latency_bounds.size() && seconds > latency_bounds[bucket])
    ++bucket;
  cells.buckets[bucket].add();
}

function_cells& loop_cells::function(std::string_view name) {
  if (const auto known = index_.find(name); known != index_.end())
    return *known->second;
  const auto count = count_.load(std::memory_order_relaxed);
  if (count == max_functions)
    return *functions_[count - 1]; // "other"
  auto cells = std::make_unique<function_cells>(
    count + 1 < max_functions ? std::string{name} : "other");
  auto& made = *cells;
  functions_[count] = std::move(cells);
  index_.emplace(made.name, &made);
  count_.store(count + 1, std::memory_order_release);
  return made;
}

} // namespace faas::http
