// What is asked: how the world would differ from the one that was recorded.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/whatif/recording.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faas::whatif {

/// A site that was not there, with the laws of one that was.
struct added_site {
  std::string name;
  uint32_t like = 0;    ///< of the recording's sites
  double speed = 1;     ///< over that of `like`
  double more_rtt_ms = 0;
  size_t servers = 0;   ///< 0: as many
};

/// A link that was cut for a time: its site vanishes with what it has.
struct cut_link {
  uint32_t site = 0;
  double from = 0, until = 0; ///< ms
};

/// Another link: time per round trip and byte times a factor, and some more.
struct other_link {
  uint32_t site = 0;
  double factor = 1, more_rtt_ms = 0;
};

struct slowed_site {
  uint32_t site = 0;
  double factor = 1;
};

struct given_servers {
  uint32_t site = 0;
  size_t servers = 1;
};

struct change {
  double rate = 1;
  std::vector<added_site> added;
  std::vector<bool> dropped; ///< by site of the recording
  std::vector<cut_link> cuts;
  std::vector<other_link> links;
  std::vector<slowed_site> slowed;
  /// Known servers: of the world as it was, too.
  std::vector<given_servers> servers;
};

/// The words of a command line. Each function adds one option's text to `to`;
/// errc::invalid_argument with what is allowed. A site may be named without its
/// resource ("edge-1" for "edge-1/cpu") where that is not ambiguous.
result<void> parse_rate(std::string_view text, change& to);
/// NAME=LIKE[,speed=F][,rtt=+MS][,servers=N]
result<void> parse_added(std::string_view text, const recording& in,
                         change& to);
/// SITE
result<void> parse_dropped(std::string_view text, const recording& in,
                           change& to);
/// SITE@FROM-UNTIL, seconds of the log; SITE alone: all the time
result<void> parse_cut(std::string_view text, const recording& in, change& to);
/// SITE=xF, SITE=+MS
result<void> parse_link(std::string_view text, const recording& in, change& to);
/// SITE=xF
result<void> parse_slowed(std::string_view text, const recording& in,
                          change& to);
/// SITE=N
result<void> parse_servers(std::string_view text, const recording& in,
                           change& to);
/// The position of that site.
result<uint32_t> site_named(std::string_view text, const recording& in);

} // namespace faas::whatif
