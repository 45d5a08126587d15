#include "libfaas/decisions/segment_writer.hpp"

#include "libfaas/decisions/bits.hpp"
#include "libfaas/decisions/crc32c.hpp"
#include "libfaas/decisions/tiny_float.hpp"

#include <bit>
#include <cstring>

namespace faas::decisions {
namespace {

static_assert(std::endian::native == std::endian::little);

/// Longer than any entry with max_logged_sites sites.
constexpr size_t longest_entry = 96 + max_logged_sites * 24;

/// Writes into memory that is known to suffice.
class cursor {
public:
  explicit cursor(char* at) noexcept : at_(at) {}
  char* at() const noexcept { return at_; }

  void byte(uint8_t value) noexcept { *at_++ = static_cast<char>(value); }
  template <class T>
  void raw(T value) noexcept {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void varint(uint64_t value) noexcept {
    for (; value >= 128; value >>= 7)
      byte(static_cast<uint8_t>(value | 128));
    byte(static_cast<uint8_t>(value));
  }
  void tiny(double value) noexcept { raw(to_tiny(static_cast<float>(value))); }
  void single(double value) noexcept { raw(static_cast<float>(value)); }

private:
  char* at_;
};

template <class T>
void put_raw(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_varint(std::string& to, uint64_t value) {
  char text[10];
  cursor out{text};
  out.varint(value);
  to.append(text, static_cast<size_t>(out.at() - text));
}

void put_text(std::string& to, std::string_view text) {
  put_varint(to, text.size());
  to += text;
}

uint64_t zigzag(int64_t value) noexcept {
  return static_cast<uint64_t>(value) << 1
         ^ static_cast<uint64_t>(value >> 63);
}

void frame(std::string& to, std::string_view block) {
  put_raw(to, static_cast<uint32_t>(block.size()));
  put_raw(to, crc32c(block));
  to += block;
}

uint32_t mask_of(std::span<const logged_site> sites) noexcept {
  uint32_t mask = 0;
  for (size_t i = 0; i < sites.size(); ++i)
    mask |= uint32_t{sites[i].considered} << i;
  return mask;
}

uint16_t flags_of(const entry& e, bool all) noexcept {
  const auto on = [](bool is, uint16_t bit) { return is ? bit : 0; };
  const auto position = [](uint8_t p) {
    return p < bits::no_position || p == routing::decision::none;
  };
  return static_cast<uint16_t>(
    on(e.propensity != 1, bits::propensity) | on(e.logged != 1, bits::sampled)
    | on(!all, bits::some) | on(e.deadline_ms > 0, bits::deadline)
    | on(e.attempt != 1, bits::repeated) | on(e.size != 0, bits::size)
    | on(e.bytes > 0, bits::body)
    | on(e.how != ending::ok || e.status != 200, bits::odd_end)
    | on(!position(e.chosen) || !position(e.runner_up), bits::wide)
    | on(e.went_on, bits::went_on) | on(e.cold_ms > 0, bits::was_cold)
    | on(e.queue_ms > 0, bits::queued)
    | static_cast<uint16_t>(static_cast<uint8_t>(e.start) & 3)
        << bits::start_shift);
}

void put_positions(cursor& out, const entry& e, bool wide) noexcept {
  if (wide) {
    out.byte(e.chosen);
    out.byte(e.runner_up);
    return;
  }
  const auto nibble = [](uint8_t p) {
    return p == routing::decision::none ? bits::no_position : p;
  };
  out.byte(static_cast<uint8_t>(nibble(e.chosen) | nibble(e.runner_up) << 4));
}

void put_entry(cursor& out, const entry& e, uint16_t flags, uint32_t mask) {
  out.raw(e.id.high);
  out.raw(e.id.low);
  out.raw(flags);
  out.byte(static_cast<uint8_t>(e.why));
  put_positions(out, e, (flags & bits::wide) != 0);
  if (flags & bits::propensity)
    out.single(e.propensity);
  if (flags & bits::sampled)
    out.single(e.logged);
  if (flags & bits::some)
    out.varint(mask);
  if (flags & bits::deadline)
    out.tiny(e.deadline_ms);
  if (flags & bits::repeated)
    out.byte(e.attempt);
  if (flags & bits::size)
    out.single(e.size);
  if (flags & bits::body)
    out.tiny(e.bytes);
  if (flags & bits::odd_end) {
    out.byte(static_cast<uint8_t>(e.how));
    out.varint(e.status);
  }
  out.tiny(e.total_ms);
  out.tiny(e.service_ms);
  if (flags & bits::queued)
    out.tiny(e.queue_ms);
  if (flags & bits::was_cold)
    out.tiny(e.cold_ms);
}

void put_site(cursor& out, const logged_site& site) noexcept {
  uint8_t has = 0;
  has |= site.network > 0 ? bits::network : 0;
  has |= site.queue > 0 ? bits::queue : 0;
  has |= site.cold > 0 ? bits::cold : 0;
  has |= site.overdue > 0 ? bits::overdue : 0;
  has |= site.in_flight > 0 ? bits::in_flight : 0;
  has |= site.imposed > 0 ? bits::imposed : 0;
  out.byte(has);
  out.tiny(site.service);
  out.tiny(site.deviation);
  out.tiny(site.doubt);
  if (has & bits::network)
    out.tiny(site.network);
  if (has & bits::queue)
    out.tiny(site.queue);
  if (has & bits::cold)
    out.tiny(site.cold);
  if (has & bits::overdue)
    out.tiny(site.overdue);
  if (has & bits::in_flight)
    out.varint(site.in_flight);
  if (has & bits::imposed)
    out.tiny(site.imposed);
}

} // namespace

void round_as_kept(record& one) {
  const auto tiny = [](float& value) { value = from_tiny(to_tiny(value)); };
  const auto tiny_wide = [](double& value) {
    value = from_tiny(to_tiny(static_cast<float>(value)));
  };
  const auto single = [](double& value) { value = static_cast<float>(value); };
  tiny_wide(one.bytes);
  tiny_wide(one.deadline_ms);
  single(one.size);
  single(one.propensity);
  single(one.logged);
  for (auto* part :
       {&one.total_ms, &one.queue_ms, &one.service_ms, &one.cold_ms})
    tiny(*part);
  for (auto& site : one.sites)
    for (auto* part : {&site.network, &site.queue, &site.service, &site.cold,
                       &site.overdue, &site.deviation, &site.doubt,
                       &site.imposed})
      tiny(*part);
}

void segment_writer::begin(const segment_origin& origin, std::string& to) {
  block_.clear();
  numbers_.clear();
  held_.clear();
  std::string head;
  put_text(head, origin.node);
  put_text(head, origin.software);
  put_raw(head, origin.created_us);
  to += segment_magic;
  to += static_cast<char>(segment_version);
  frame(to, head);
}

/// Tag 0: a context and its number, so that a lost one shifts no other.
void segment_writer::define(const context& what, uint64_t number) {
  put_varint(block_, 0);
  put_varint(block_, number);
  put_text(block_, what.function);
  put_varint(block_, what.version);
  put_text(block_, what.policy);
  put_varint(block_, what.sites.size());
  for (const auto& site : what.sites)
    put_text(block_, site);
}

bool segment_writer::add(const entry& what, const context_ptr& of,
                         std::span<const logged_site> sites) {
  if (!of || sites.size() > max_logged_sites
      || sites.size() != of->sites.size())
    return false;
  if (block_.empty()) {
    last_us_ = what.at_us;
    put_raw(block_, last_us_);
  }
  const auto [number, fresh] = numbers_.try_emplace(of.get(), held_.size() + 1);
  if (fresh) {
    held_.push_back(of);
    define(*of, number->second);
  }
  const auto mask = mask_of(sites);
  const bool all
    = mask == static_cast<uint32_t>((uint64_t{1} << sites.size()) - 1);
  const auto before = block_.size();
  block_.resize(before + longest_entry);
  cursor out{block_.data() + before};
  out.varint(number->second);
  out.varint(zigzag(what.at_us - last_us_));
  last_us_ = what.at_us;
  put_entry(out, what, flags_of(what, all), mask);
  for (const auto& site : sites)
    if (site.considered)
      put_site(out, site);
  block_.resize(static_cast<size_t>(out.at() - block_.data()));
  return true;
}

void segment_writer::finish_block(std::string& to) {
  if (block_.empty())
    return;
  frame(to, block_);
  block_.clear();
}

} // namespace faas::decisions
