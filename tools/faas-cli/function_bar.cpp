#include "tools/faas-cli/function_bar.hpp"

#include "tools/faas-cli/table.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

namespace faas::cli {
namespace {

constexpr size_t cells = 24;
constexpr size_t widest = 79; ///< a line that wraps cannot be rewritten
// Where in the whole each part ends.
constexpr double packed = 0.1, uploaded = 0.7, most = 0.99;

constexpr const char* green = "\x1b[32m";
constexpr const char* plain = "\x1b[0m";
constexpr const char* wiped = "\r\x1b[K";

bool is_set(const session& s, std::string_view name) {
  const auto value = s.system.environment(name);
  return value && !value->empty();
}

} // namespace

std::string bar_text(const std::string& name, double share,
                     const std::string& what, bool colours) {
  share = std::clamp(share, 0.0, 1.0);
  const auto full
    = static_cast<size_t>(std::lround(share * static_cast<double>(cells)));
  auto percent = std::to_string(std::lround(share * 100));
  percent.insert(0, 3 - std::min<size_t>(percent.size(), 3), ' ');
  const auto head = printable(name) + " [";
  const auto tail = "] " + percent + " %  " + printable(what);
  const auto used = head.size() + cells;
  return head + (colours ? green : "") + std::string(full, '#')
         + (colours ? plain : "") + std::string(cells - full, '-')
         + tail.substr(0, used < widest ? widest - used : 0);
}

function_bar::function_bar(session& s, std::string name)
  : s_(s), name_(std::move(name)), colours_(!is_set(s, "NO_COLOR")) {}

void function_bar::packing() {
  show(0, "packing");
}

void function_bar::uploading(uint64_t sent, uint64_t total) {
  if (total == 0)
    return;
  const auto part
    = static_cast<double>(std::min(sent, total)) / static_cast<double>(total);
  show(packed + (uploaded - packed) * part,
       "uploading " + short_bytes(static_cast<double>(total)));
}

void function_bar::waiting(const progress& now) {
  const auto all = now.nodes.size() + now.others.size();
  const auto ended = std::min(now.ended, all);
  const auto part
    = all == 0 ? 0 : static_cast<double>(ended) / static_cast<double>(all);
  show(std::min(uploaded + (1 - uploaded) * part, most),
       now.what.empty() ? "waiting for a node" : now.what);
}

void function_bar::show(double share, const std::string& what) {
  if (!s_.err_is_terminal || s_.system.environment("TERM") == "dumb")
    return;
  auto text = bar_text(name_, share, what, colours_);
  if (text == shown_)
    return;
  wipe_line(s_);
  s_.err << text << std::flush;
  s_.line_open = true;
  shown_ = std::move(text);
}

void function_bar::wipe() {
  shown_.clear();
  wipe_line(s_);
}

void wipe_line(session& s) {
  if (std::exchange(s.line_open, false))
    s.err << wiped << std::flush;
}

} // namespace faas::cli
