#include "functions/process/worker_frames.hpp"

#include "functions/native/header_rules.hpp"
#include "functions/process/http_rules.hpp"
#include "libfaas/core/limits.hpp"

#include <algorithm>

namespace faas::process::worker {
namespace {

template <class T>
void put(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xff);
}

void put_text(std::string& out, std::string_view text) {
  put<uint32_t>(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

std::string begin(frame_kind kind, uint64_t call, size_t room = 0) {
  std::string out;
  out.reserve(head_bytes + room);
  put<uint32_t>(out, 0);
  put<uint32_t>(out, static_cast<uint8_t>(kind)); // and three zero bytes
  put<uint64_t>(out, call);
  return out;
}

std::string end(std::string&& frame) {
  std::string size;
  put<uint32_t>(size, static_cast<uint32_t>(frame.size() - head_bytes));
  frame.replace(0, size.size(), size);
  return std::move(frame);
}

template <class T>
T number_at(std::string_view bytes) noexcept {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return static_cast<T>(value);
}

/// Reads what may be anything: good() is false once something was missing.
class reader {
public:
  explicit reader(std::string_view bytes) : left_(bytes) {}

  template <class T>
  T number() noexcept {
    if (left_.size() < sizeof(T)) {
      good_ = false;
      return 0;
    }
    const auto value = number_at<T>(left_);
    left_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view text() noexcept {
    const auto size = number<uint32_t>();
    if (size > left_.size())
      good_ = false;
    if (!good_)
      return {};
    const auto value = left_.substr(0, size);
    left_.remove_prefix(size);
    return value;
  }
  std::string_view rest() const noexcept { return left_; }
  bool good() const noexcept { return good_; }

private:
  std::string_view left_;
  bool good_ = true;
};

/// False: no such header may be.
bool take_header(reader& from, reply& to) {
  const auto name = from.text(), value = from.text();
  if (!from.good() || !native::is_header_name(name)
      || !native::is_header_value(value))
    return false;
  // What is about one connection, or the gateway's business.
  if (!hop_by_hop(name) && !named_by("content-length", name))
    to.headers.push_back({std::string{name}, std::string{value}});
  return true;
}

} // namespace

std::string encode(const hello& what) {
  auto out = begin(frame_kind::hello, 0);
  put<uint16_t>(out, protocol_version);
  put<uint16_t>(out, what.areas);
  put<uint32_t>(out, inline_bytes);
  put<uint64_t>(out, what.area_bytes);
  put<uint64_t>(out, what.max_body);
  put<uint32_t>(out, takes_parts);
  return end(std::move(out));
}

std::string encode_call(uint64_t number, const invocation& event,
                        uint16_t area, duration remaining) {
  const auto body = event.body.view();
  const bool in_memory = body.size() > inline_bytes;
  auto out = begin(frame_kind::call, number,
                   512 + (in_memory ? 0 : body.size()));
  const auto us
    = std::chrono::duration_cast<std::chrono::microseconds>(remaining).count();
  put<uint64_t>(out, static_cast<uint64_t>(std::max<int64_t>(us, 0)));
  put<uint16_t>(out, area);
  put<uint16_t>(out, in_memory ? 1 : 0);
  put<uint32_t>(out, static_cast<uint32_t>(event.headers.size()));
  put<uint64_t>(out, body.size());
  put_text(out, event.id.to_string());
  for (const auto* text : {&event.method, &event.path, &event.query,
                           &event.content_type, &event.traceparent,
                           &event.tracestate})
    put_text(out, *text);
  for (const auto& [name, value] : event.headers) {
    put_text(out, name);
    put_text(out, value);
  }
  if (!in_memory)
    out.append(body);
  return end(std::move(out));
}

std::string encode_cancel(uint64_t number) {
  return end(begin(frame_kind::cancel, number));
}

std::string encode_part_taken(uint64_t number, part_fate what) {
  auto out = begin(frame_kind::part_taken, number);
  put<uint8_t>(out, static_cast<uint8_t>(what));
  return end(std::move(out));
}

std::optional<frame> frame_reader::next() {
  const auto left = std::string_view{bytes_}.substr(used_);
  if (!wrong_.empty() || left.size() < head_bytes)
    return {};
  const auto size = number_at<uint32_t>(left);
  if (size > most_payload) {
    wrong_ = "a frame of " + std::to_string(size) + " bytes, over "
             + std::to_string(most_payload);
    return {};
  }
  if (number_at<uint32_t>(left.substr(4)) > 0xff) {
    wrong_ = "a frame head whose zero bytes are not zero";
    return {};
  }
  if (left.size() < head_bytes + size)
    return {};
  frame made{static_cast<uint8_t>(left[4]), number_at<uint64_t>(left.substr(8)),
             std::string{left.substr(head_bytes, size)}};
  used_ += head_bytes + size;
  if (used_ == bytes_.size()) {
    bytes_.clear();
    used_ = 0;
  } else if (used_ > most_payload) {
    bytes_.erase(0, used_);
    used_ = 0;
  }
  return made;
}

std::optional<ready> decode_ready(std::string_view payload) {
  reader in{payload};
  ready made;
  made.version = in.number<uint16_t>();
  made.at_once = in.number<uint16_t>();
  for (const char c : in.text().substr(0, 100))
    made.about += c >= 0x20 && c < 0x7f ? c : '?';
  if (!in.good() || made.at_once == 0)
    return {};
  return made;
}

std::optional<answer> decode_answer(std::string_view payload,
                                    uint64_t max_body) {
  reader in{payload};
  answer made;
  made.what.status = in.number<uint16_t>();
  const auto in_memory = in.number<uint16_t>();
  const auto headers = in.number<uint32_t>();
  const auto size = in.number<uint64_t>();
  const auto type = in.text();
  if (!in.good() || made.what.status < 200 || made.what.status > 599
      || in_memory > 1 || headers > most_headers || size > max_body
      || !native::is_header_value(type))
    return {};
  made.what.content_type = type;
  for (uint32_t i = 0; i < headers; ++i)
    if (!take_header(in, made.what))
      return {};
  if (in.rest().size() != (in_memory ? 0 : size))
    return {};
  if (in_memory)
    made.in_memory = size;
  else
    made.what.body = blob{std::string{in.rest()}};
  return made;
}

std::optional<reply> decode_part(std::string_view payload) {
  auto made = decode_answer(payload, inline_bytes);
  if (!made || made->in_memory > 0)
    return {};
  return std::move(made->what);
}

std::optional<std::string> decode_failure(std::string_view payload) {
  reader in{payload};
  const auto text = in.text();
  if (!in.good() || !in.rest().empty())
    return {};
  return std::string{text.substr(0, limits::log_line_bytes)};
}

std::optional<log_line> decode_log(std::string_view payload) {
  if (payload.empty() || static_cast<uint8_t>(payload.front()) > 3)
    return {};
  return log_line{static_cast<uint8_t>(payload.front()), payload.substr(1)};
}

} // namespace faas::process::worker
