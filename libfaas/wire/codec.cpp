#include "libfaas/wire/codec.hpp"

#include "libfaas/wire/decoder.hpp"
#include "libfaas/wire/encoder.hpp"

#include <array>

namespace faas::wire {
namespace {

// Field numbers of Frame.
constexpr uint32_t frame_sequence = 1;
constexpr uint32_t frame_messages = 2;
// Field number of `fragments` in both batches.
constexpr uint32_t batch_fragments = 1;

constexpr auto kinds = std::variant_size_v<message>;

template <class T, size_t... I>
constexpr uint32_t find_kind(std::index_sequence<I...>) {
  return ((std::is_same_v<T, std::variant_alternative_t<I, message>>
             ? static_cast<uint32_t>(I) + 1
             : 0)
          + ...);
}
template <class T>
constexpr uint32_t kind_of = find_kind<T>(std::make_index_sequence<kinds>{});

void append(std::string& out, const message& what) {
  const auto start = open_field(out, static_cast<uint32_t>(what.index()) + 1);
  encoder encode{out};
  std::visit([&](const auto& inner) { fields(encode, inner); }, what);
  close_field(out, start);
}

using decode_kind = bool (*)(std::string_view, message&, decode_budget&);

template <size_t I>
bool decode_into(std::string_view bytes, message& into, decode_budget& budget) {
  return decode_fields(bytes, into.emplace<I>(), budget);
}
template <size_t... I>
constexpr std::array<decode_kind, kinds> table(std::index_sequence<I...>) {
  return {&decode_into<I>...};
}
constexpr auto decoders = table(std::make_index_sequence<kinds>{});

enum class outcome { known, unknown, broken };

/// The first field of a known kind; a Message holds one (oneof).
outcome decode(std::string_view bytes, message& into, decode_budget& budget) {
  wire_reader in{bytes};
  for (wire_field field; in.next(field);)
    if (field.number <= kinds && field.type == wire_type::bytes)
      return decoders[field.number - 1](field.bytes, into, budget)
               ? outcome::known
               : outcome::broken;
  return in.ok() ? outcome::unknown : outcome::broken;
}

void append_batch(std::string& out, uint32_t kind, std::string_view batch) {
  if (batch.empty())
    return;
  const auto inner = 1 + varint_size(batch.size()) + batch.size();
  append_bytes_key(out, frame_messages, inner);
  append_bytes_field(out, kind, batch);
}

error broken_frame() {
  return {errc::invalid_argument, "the frame cannot be decoded",
          "check that both nodes run Petrel"};
}

} // namespace

std::string encode(const message& what) {
  std::string out;
  append(out, what);
  return out;
}

result<message> decode_message(std::string_view bytes) {
  message into;
  decode_budget budget{bytes.size()};
  const auto what = decode(bytes, into, budget);
  if (what == outcome::known)
    return into;
  if (what == outcome::unknown)
    return {errc::not_found, "a message of an unknown kind"};
  return {errc::invalid_argument, "the message cannot be decoded"};
}

std::string encode(const frame& what) {
  frame_writer writer;
  for (const auto& inner : what.messages)
    writer.add(inner);
  return writer.finish(what.sequence);
}

result<frame> decode_frame(std::string_view bytes, size_t max_bytes) {
  if (bytes.size() > max_bytes)
    return {errc::too_large, "a frame of " + std::to_string(bytes.size())
                               + " bytes; at most "
                               + std::to_string(max_bytes)};
  frame into;
  decode_budget budget{bytes.size()};
  wire_reader in{bytes};
  for (wire_field field; in.next(field);) {
    if (field.number == frame_sequence && field.type == wire_type::varint)
      into.sequence = field.value;
    if (field.number != frame_messages || field.type != wire_type::bytes)
      continue;
    if (!budget.take(sizeof(message)))
      return broken_frame();
    const auto what = decode(field.bytes, into.messages.emplace_back(), budget);
    if (what == outcome::broken)
      return broken_frame();
    if (what == outcome::unknown) {
      into.messages.pop_back();
      ++into.unknown;
    }
  }
  if (!in.ok())
    return broken_frame();
  return into;
}

size_t head_size(const invocation& event) noexcept {
  // Keys, lengths (up to 4 bytes) and numbers of all fields together.
  size_t size = 128;
  size += event.function.str().size() + event.method.size() + event.path.size()
          + event.query.size() + event.content_type.size()
          + event.traceparent.size() + event.tracestate.size()
          + event.idempotency_key.size();
  for (const auto& [name, value] : event.headers)
    size += name.size() + value.size() + 15;
  return size;
}

size_t head_size(const reply& answer) noexcept {
  size_t size = 128;
  size += answer.content_type.size() + answer.message.size()
          + answer.next_step.size() + answer.site.size();
  for (const auto& [name, value] : answer.headers)
    size += name.size() + value.size() + 15;
  return size;
}

size_t frame_writer::size() const noexcept {
  return messages_.size() + events_.size() + replies_.size() + frame_overhead;
}

bool frame_writer::empty() const noexcept {
  return messages_.empty() && events_.empty() && replies_.empty();
}

void frame_writer::add(const message& what) {
  const auto start = open_field(messages_, frame_messages);
  append(messages_, what);
  close_field(messages_, start);
}

void frame_writer::add_encoded(std::string_view one_message) {
  append_bytes_field(messages_, frame_messages, one_message);
}

void frame_writer::add_event(uint64_t transfer, const invocation& event,
                             uint64_t offset, std::string_view body,
                             duration remaining) {
  const auto total = event.body.size();
  const event_fragment_view view{
    transfer, offset, offset + body.size() == total, total, remaining,
    event,    body};
  const auto start = open_field(events_, batch_fragments);
  encoder encode{events_};
  fields(encode, view);
  close_field(events_, start);
}

void frame_writer::add_reply(uint64_t transfer, const reply& answer,
                             uint64_t offset, std::string_view body) {
  const auto total = answer.body.size();
  const reply_fragment_view view{
    transfer, offset, offset + body.size() == total, total, answer, body};
  const auto start = open_field(replies_, batch_fragments);
  encoder encode{replies_};
  fields(encode, view);
  close_field(replies_, start);
}

std::string frame_writer::finish(uint64_t sequence) {
  std::string out;
  out.reserve(size());
  if (sequence)
    append_varint_field(out, frame_sequence, sequence);
  out += messages_;
  append_batch(out, kind_of<event_batch>, events_);
  append_batch(out, kind_of<reply_batch>, replies_);
  messages_.clear();
  events_.clear();
  replies_.clear();
  return out;
}

} // namespace faas::wire
