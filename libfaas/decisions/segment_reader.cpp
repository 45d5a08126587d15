#include "libfaas/decisions/segment_reader.hpp"

#include "libfaas/decisions/bits.hpp"
#include "libfaas/decisions/byte_reader.hpp"
#include "libfaas/decisions/crc32c.hpp"

#include <cmath>

namespace faas::decisions {
namespace {

/// A number of the file that is none counts as 0.
double sound(float value) noexcept {
  return std::isfinite(value) ? double{value} : 0;
}

int64_t unzigzag(uint64_t value) noexcept {
  return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1)));
}

uint8_t unnibble(unsigned value) noexcept {
  return value == bits::no_position ? routing::decision::none
                                    : static_cast<uint8_t>(value);
}

void read_positions(byte_reader& in, bool wide, entry& to) {
  const auto first = in.byte();
  to.chosen = wide ? first : unnibble(first & 15u);
  to.runner_up = wide ? in.byte() : unnibble(first >> 4);
}

/// All but the sites; the mask of those that were considered.
uint32_t read_head(byte_reader& in, entry& to, uint32_t everything) {
  to.id.high = in.raw<uint64_t>();
  to.id.low = in.raw<uint64_t>();
  const auto flags = in.raw<uint16_t>();
  const auto has = [&](uint16_t bit) { return (flags & bit) != 0; };
  to.why = static_cast<routing::reason>(in.byte());
  read_positions(in, has(bits::wide), to);
  to.propensity = has(bits::propensity) ? sound(in.raw<float>()) : 1;
  to.logged = has(bits::sampled) ? sound(in.raw<float>()) : 1;
  const auto mask
    = has(bits::some) ? static_cast<uint32_t>(in.varint()) : everything;
  to.deadline_ms = has(bits::deadline) ? in.tiny() : 0;
  to.attempt = has(bits::repeated) ? in.byte() : uint8_t{1};
  to.size = has(bits::size) ? sound(in.raw<float>()) : 0;
  to.bytes = has(bits::body) ? in.tiny() : 0;
  to.how = has(bits::odd_end) ? static_cast<ending>(in.byte()) : ending::ok;
  to.status = has(bits::odd_end) ? static_cast<uint16_t>(in.varint()) : 200;
  to.went_on = has(bits::went_on);
  to.start = static_cast<began>(flags >> bits::start_shift & 3);
  to.total_ms = in.tiny();
  to.service_ms = in.tiny();
  to.queue_ms = has(bits::queued) ? in.tiny() : 0;
  to.cold_ms = has(bits::was_cold) ? in.tiny() : 0;
  return mask;
}

void read_site(byte_reader& in, logged_site& to) {
  const auto has = in.byte();
  to.considered = true;
  to.service = in.tiny();
  to.deviation = in.tiny();
  to.doubt = in.tiny();
  to.network = has & bits::network ? in.tiny() : 0;
  to.queue = has & bits::queue ? in.tiny() : 0;
  to.cold = has & bits::cold ? in.tiny() : 0;
  to.overdue = has & bits::overdue ? in.tiny() : 0;
  to.in_flight
    = has & bits::in_flight ? static_cast<uint32_t>(in.varint()) : 0;
  to.imposed = has & bits::imposed ? in.tiny() : 0;
}

/// Positions and mask point to sites that there are.
bool fits(const record& it, uint32_t mask) {
  const auto count = it.sites.size();
  const auto position = [&](uint8_t p) {
    return p == routing::decision::none
           || (p < count && it.sites[p].considered);
  };
  return (uint64_t{mask} >> count) == 0 && position(it.chosen)
         && position(it.runner_up) && static_cast<size_t>(it.how) < endings;
}

struct framed {
  std::string_view block;
  bool sound = false;
};

/// False: no whole block is left.
bool next_block(byte_reader& in, framed& to) {
  const auto size = in.raw<uint32_t>();
  const auto check = in.raw<uint32_t>();
  if (!in.ok() || size > max_block)
    return false;
  to.block = in.take(size);
  to.sound = in.ok() && crc32c(to.block) == check;
  return in.ok();
}

/// What follows the magic.
result<segment_origin> read_origin(byte_reader& in) {
  const auto version = in.byte();
  if (in.ok() && version != segment_version)
    return error{errc::incompatible_peer,
                 "this decision log is of format " + std::to_string(version)
                   + ", this program reads format "
                   + std::to_string(segment_version),
                 "use the program of the Petrel that wrote it"};
  framed head;
  if (!next_block(in, head) || !head.sound)
    return error{errc::invalid_argument,
                 "the head of this decision log is damaged",
                 "its decisions cannot be read; other segments can"};
  byte_reader facts{head.block};
  segment_origin made;
  made.node = facts.text();
  made.software = facts.text();
  made.created_us = facts.raw<int64_t>();
  return made;
}

} // namespace

bool segment_reader::read_context(byte_reader& in) {
  const auto number = in.varint();
  auto made = std::make_shared<context>();
  made->function = in.text();
  made->version = static_cast<uint32_t>(in.varint());
  made->policy = in.text();
  const auto count = in.varint();
  if (!in.ok() || count > max_logged_sites)
    return false;
  for (uint64_t i = 0; i < count; ++i)
    made->sites.emplace_back(in.text());
  if (in.ok())
    contexts_[number] = std::move(made);
  return in.ok();
}

bool segment_reader::read_entry(byte_reader& in, record& to, int64_t& at_us,
                                context_ptr of) {
  to.of = std::move(of);
  const auto count = to.of->sites.size();
  // As unsigned: the sum of hostile numbers may overflow.
  at_us = static_cast<int64_t>(static_cast<uint64_t>(at_us)
                               + static_cast<uint64_t>(unzigzag(in.varint())));
  to.at_us = at_us;
  to.sites.assign(count, {});
  const auto everything
    = static_cast<uint32_t>((uint64_t{1} << count) - 1);
  const auto mask = read_head(in, to, everything);
  for (size_t i = 0; i < count; ++i)
    if (mask >> i & 1)
      read_site(in, to.sites[i]);
  return in.ok() && fits(to, mask);
}

bool segment_reader::read_block(std::string_view block,
                                const std::function<bool(const record&)>& each,
                                log_facts& facts) {
  byte_reader in{block};
  auto at_us = in.raw<int64_t>();
  record one;
  while (in.ok() && !in.at_end()) {
    const auto tag = in.varint();
    if (!in.ok())
      break;
    if (tag == 0) {
      if (!read_context(in))
        break;
      continue;
    }
    const auto of = contexts_.find(tag);
    if (of == contexts_.end()) { // how long it is, only its context tells
      ++facts.nameless_blocks;
      return true;
    }
    if (!read_entry(in, one, at_us, of->second))
      break;
    ++facts.records;
    if (!each(one))
      return false;
  }
  if (!in.ok() || !in.at_end())
    ++facts.damaged_blocks;
  return true;
}

result<log_facts> read_log(std::string_view bytes,
                           const std::function<bool(const record&)>& each) {
  log_facts facts;
  segment_reader reader;
  byte_reader in{bytes};
  if (!bytes.starts_with(segment_magic))
    return error{errc::invalid_argument, "this is no decision log",
                 "name a file of a node's decisions folder, or one that "
                 "faas-cli decisions wrote"};
  while (!in.at_end()) {
    if (in.left().starts_with(segment_magic)) {
      in.take(segment_magic.size());
      auto origin = read_origin(in);
      if (!origin && facts.segments.empty())
        return origin.error();
      if (!origin) {
        facts.torn = true;
        break;
      }
      facts.segments.push_back(std::move(*origin));
      reader.forget();
      continue;
    }
    framed next;
    if (!next_block(in, next)) {
      facts.torn = true;
      break;
    }
    if (!next.sound)
      ++facts.damaged_blocks;
    else if (!reader.read_block(next.block, each, facts))
      break;
  }
  return facts;
}

} // namespace faas::decisions
