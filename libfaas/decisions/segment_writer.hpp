// Decisions as bytes: README.md has the format.
#pragma once

#include "libfaas/decisions/record.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace faas::decisions {

inline constexpr std::string_view segment_magic = "PETRELDL";
inline constexpr uint8_t segment_version = 1;
/// A block's bytes without its head; a reader refuses longer ones.
inline constexpr size_t max_block = 4u << 20;
inline constexpr size_t block_head = 8;
/// More sites of one function than that are not logged.
inline constexpr size_t max_logged_sites = routing::max_candidates;

/// Where and by what a segment was written.
struct segment_origin {
  std::string node;
  std::string software; ///< version of the program: its policies and models
  int64_t created_us = 0;
};

/// Rounds to what reading will give, so that a record in memory and the same
/// one from a file are equal.
void round_as_kept(record& one);

/// Encodes one segment: begin() once, then blocks of entries. Keeps the names
/// of the segment, nothing else. Not thread safe.
class segment_writer {
public:
  /// The first bytes of a segment; forgets the names of the one before.
  void begin(const segment_origin& origin, std::string& to);

  /// Adds to the block under way. Entries with more than max_logged_sites
  /// sites, or another number than their context's, are left out (false).
  bool add(const entry& what, const context_ptr& of,
           std::span<const logged_site> sites);

  /// Bytes of the block under way.
  size_t pending() const noexcept { return block_.size(); }

  /// Appends the block, if it has entries, with its head.
  void finish_block(std::string& to);

private:
  void define(const context& what, uint64_t number);

  std::string block_;
  int64_t last_us_ = 0;
  std::unordered_map<const context*, uint64_t> numbers_;
  std::vector<context_ptr> held_; ///< so that an address means one context
};

} // namespace faas::decisions
