#include "functions/process/line_cutter.hpp"

#include <algorithm>

namespace faas::process {
namespace {

/// Between two lines about dropped ones, so that these are no flood themselves.
constexpr auto pause = std::chrono::seconds{1};

} // namespace

line_cutter::line_cutter(line_sink out, line_bounds bounds)
  : out_(std::move(out)), bounds_(bounds),
    bucket_(bounds.per_second, bounds.burst) {}

void line_cutter::feed(std::string_view bytes, time_point now) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    append(bytes.substr(0, end));
    if (end == std::string_view::npos)
      return;
    finish_line(now);
    bytes.remove_prefix(end + 1);
  }
}

void line_cutter::append(std::string_view part) {
  const auto room = bounds_.line_bytes - line_.size();
  cut_ = cut_ || part.size() > room;
  line_.append(part.substr(0, room));
}

void line_cutter::finish_line(time_point now) {
  if (line_.ends_with('\r'))
    line_.pop_back();
  if (bounds_.tail > 0) {
    if (tail_.size() >= bounds_.tail)
      tail_.pop_front();
    tail_.emplace_back(line_, 0, std::min(line_.size(), bounds_.tail_bytes));
  }
  const bool dropping = dropped_ != told_;
  if (dropping && now < pass_again_) {
    ++dropped_;
  } else if (!bucket_.take(now)) {
    ++dropped_;
    pass_again_ = now + pause;
  } else {
    tell_dropped();
    if (cut_)
      line_ += " [cut]";
    out_(line_);
  }
  line_.clear();
  cut_ = false;
}

void line_cutter::tell_dropped() {
  if (dropped_ == told_)
    return;
  out_("[" + std::to_string(dropped_ - told_)
       + " lines were dropped: too many in a short time]");
  told_ = dropped_;
}

void line_cutter::end(time_point now) {
  if (!line_.empty() || cut_)
    finish_line(now);
  tell_dropped();
}

std::string line_cutter::last_lines() const {
  std::string text;
  for (const auto& line : tail_)
    text += (text.empty() ? "" : " | ") + line;
  return text;
}

} // namespace faas::process
