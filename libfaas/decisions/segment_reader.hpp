// Decisions from bytes of any kind.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/decisions/record.hpp"
#include "libfaas/decisions/segment_writer.hpp"

#include <functional>
#include <string_view>
#include <unordered_map>

namespace faas::decisions {

class byte_reader;

/// What a log had beside its records.
struct log_facts {
  std::vector<segment_origin> segments;
  uint64_t records = 0;
  uint64_t damaged_blocks = 0; ///< skipped: their check or content is wrong
  /// Whole, but names that they use were in a damaged one: the rest of each of
  /// them is lost.
  uint64_t nameless_blocks = 0;
  bool torn = false;           ///< the last bytes are no whole block
  bool whole() const noexcept { return damaged_blocks == 0 && !torn; }
};

/// Reads one segment or several that follow each other, to the first thing that
/// is no block; `each` returns false to end. A damaged block is skipped. Takes
/// memory for the names of one segment and one record.
/// errc::invalid_argument: no decision log; errc::incompatible_peer: of a later
/// format.
result<log_facts> read_log(std::string_view bytes,
                           const std::function<bool(const record&)>& each);

/// Reads blocks that were written after one begin(), one by one.
class segment_reader {
public:
  /// The payload of a block; its check was made. False when `each` ended it.
  /// What is wrong with it goes to `facts`.
  bool read_block(std::string_view block,
                  const std::function<bool(const record&)>& each,
                  log_facts& facts);
  /// Another segment begins.
  void forget() { contexts_.clear(); }

private:
  bool read_context(byte_reader& in);
  bool read_entry(byte_reader& in, record& to, int64_t& at_us,
                  context_ptr of);

  std::unordered_map<uint64_t, context_ptr> contexts_;
};

} // namespace faas::decisions
