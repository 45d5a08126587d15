#include "actors/control/office.hpp"

namespace faas::actors {

bool office::leads() {
  if (!by_turns())
    return true;
  const auto held = parts_.seat->held().token;
  if (held != 0 && held != term_) {
    term_ = held;
    doubt();
    if (auto ok = refresh(); !ok)
      parts_.note("cannot take the lead: " + ok.error().to_string());
  }
  return held != 0;
}

result<void> office::check() {
  if (!leads())
    return parts_.seat->trouble();
  return is_taken() ? result<void>{} : refresh();
}

result<void> office::check_reads() {
  if (leads() || elsewhere_ || loaded_in_ == 0)
    return check();
  return {};
}

result<void> office::refresh() {
  if (!in_doubt_)
    return {};
  if (auto ok = parts_.load(!is_taken()); !ok)
    return ok;
  loaded_in_ = term_;
  in_doubt_ = false;
  return {};
}

void office::heard(const leader_news& now) {
  elsewhere_ = !now.held_by.empty();
  (void) leads();
}

} // namespace faas::actors
