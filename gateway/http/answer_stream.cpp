#include "gateway/http/answer_stream.hpp"

#include <exception>
#include <utility>

namespace faas::http {

answer_parts::taken answer_stream::put(const reply& head,
                                       std::string_view part) noexcept {
  const std::lock_guard lock{mutex_};
  if (closed_)
    return taken::gone;
  auto& bytes = waiting_.bytes;
  if (!bytes.empty() && bytes.size() + part.size() > most_bytes)
    return taken::later;
  try {
    if (!began_.load())
      waiting_.head = head;
    bytes.append(part);
    began_.store(true);
    if (!std::exchange(told_, true))
      wake();
  } catch (const std::exception&) { // out of memory: the answer cannot go on
    return taken::gone;
  }
  return taken::sent;
}

void answer_stream::wait_for_room(time_point until) noexcept {
  std::unique_lock lock{mutex_};
  room_.wait_until(lock, until,
                   [&] { return closed_ || waiting_.bytes.empty(); });
}

answer_stream::content answer_stream::take() {
  const std::lock_guard lock{mutex_};
  told_ = false;
  room_.notify_all();
  return std::exchange(waiting_, {});
}

void answer_stream::close() noexcept {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  waiting_ = {};
  room_.notify_all();
}

} // namespace faas::http
