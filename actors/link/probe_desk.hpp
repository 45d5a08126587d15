// Probes of one link: own ones until they are answered, answers to the peer's.
#pragma once

#include "actors/routing/board.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/wire/messages.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace faas::actors {

/// Own questions: at most `most` at a time; what would be more is not asked,
/// until one is answered or has waited for `patience`. The peer's: at most
/// `most_answers` are answered in a turn of the link. One thread.
class probe_desk {
public:
  using callback = std::function<void(const host_probe&)>;
  static constexpr size_t most = 1024;
  static constexpr size_t most_answers = 256;
  static constexpr auto patience = std::chrono::seconds{1};

  /// What to send; nothing: it is not to be asked.
  std::optional<wire::probe> ask(version_ref of, callback answered,
                                 time_point now) {
    auto& slot = all_[(last_ + 1) % most];
    if (slot.answered && now - slot.asked < patience)
      return std::nullopt;
    slot = {++last_, now, std::move(answered)};
    return wire::probe{last_, std::move(of)};
  }
  /// Tells who asked, if the version runs there. An answer that nobody waits
  /// for (any more) is dropped.
  void told(const wire::probe_answer& answer) {
    auto& slot = all_[answer.number % most];
    if (slot.number != answer.number)
      return;
    const auto to = std::exchange(slot.answered, nullptr);
    if (to && answer.runs)
      to({answer.inside, answer.lately});
  }

  void begin_turn() noexcept { answered_ = 0; }
  /// Nothing: the peer asks for more than anybody needs.
  std::optional<wire::probe_answer> answer(const wire::probe& question,
                                           const routing_board& board) {
    if (answered_++ >= most_answers)
      return std::nullopt;
    const auto table = board.table();
    const auto found = table->hosts.find(question.version);
    if (found == table->hosts.end())
      return wire::probe_answer{question.number};
    const auto now = found->second->probe();
    return wire::probe_answer{question.number, true, now.inside, now.lately};
  }

private:
  struct question {
    uint64_t number = 0;
    time_point asked{};
    callback answered;
  };
  std::vector<question> all_ = std::vector<question>(most);
  uint64_t last_ = 0;
  size_t answered_ = 0; ///< of the peer's, in the present turn
};

} // namespace faas::actors
