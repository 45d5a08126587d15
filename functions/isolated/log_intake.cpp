#include "functions/isolated/log_intake.hpp"

namespace faas::isolated {
namespace {

/// Of one line in a message.
constexpr size_t shown_bytes = 200;

} // namespace

void log_intake::begin(invocation_context* call) {
  call_ = call;
  taken_ = 0;
  if (!call_)
    return;
  for (auto& line : held_)
    call_->log(line.level, line.text);
  held_.clear();
}

void log_intake::end() {
  if (call_ && taken_ > most)
    call_->log(log_level::warning, std::to_string(taken_ - most)
                                     + " more lines of this call were left out");
  call_ = nullptr;
}

void log_intake::record(std::string_view bytes) {
  if (bytes.empty())
    return;
  const auto level = static_cast<unsigned char>(bytes.front());
  take(level > 3 ? log_level::error : static_cast<log_level>(level),
       bytes.substr(1, limits::log_line_bytes));
}

void log_intake::output(std::string_view bytes) {
  splitter_.add(bytes,
                [&](std::string_view line) { take(log_level::info, line); });
}

void log_intake::flush() {
  splitter_.flush([&](std::string_view line) { take(log_level::info, line); });
}

void log_intake::take(log_level level, std::string_view text) {
  last_.emplace_back(text.substr(0, shown_bytes));
  if (last_.size() > most_last)
    last_.pop_front();
  if (!call_) {
    if (held_.size() < most_held)
      held_.push_back({level, std::string{text}});
  } else if (++taken_ <= most) {
    call_->log(level, text);
  }
}

std::string log_intake::last_lines() const {
  std::string text;
  for (const auto& line : last_)
    text += (text.empty() ? "; its last lines: " : " | ") + line;
  return text;
}

} // namespace faas::isolated
