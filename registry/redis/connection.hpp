// One connection to a Redis server, on hiredis. Internal to this folder and
// its tests.
#pragma once

#include "libfaas/core/clock.hpp"
#include "registry/redis/address.hpp"
#include "registry/redis/tls_line.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

struct redisContext;

namespace faas::registry::redis {

/// What the server answered to one command.
struct reply {
  enum class kind : uint8_t { nil, text, number, list, failure };
  kind is = kind::nil;
  std::string text; ///< of text, status and failure
  int64_t number = 0;
  std::vector<reply> items;

  bool failed() const noexcept { return is == kind::failure; }
};

/// A command's words.
using command = std::vector<std::string>;

/// Bytes of the replies to one run(): more is no catalog of ours.
inline constexpr size_t reply_bytes = size_t{256} << 20;

/// Blocks, but never past a deadline, however the server drips. After an error
/// the connection is of no use. Not thread safe.
class connection {
public:
  /// Connects, by TLS when the address says so; does not log in. errc::unavailable, errc::deadline_exceeded. A
  /// host name is looked up by the system's resolver, which has its own
  /// deadline.
  static result<connection> open(const address& to, duration timeout,
                                 const clock_source& clock);

  /// Sends all commands at once, then reads as many replies. Replies of kind
  /// failure are no error of this call.
  result<std::vector<reply>> run(std::span<const command> commands,
                                 duration timeout);

private:
  struct closer {
    void operator()(redisContext* context) const noexcept;
  };
  connection(redisContext* context, const clock_source& clock)
    : context_(context), clock_(&clock) {}
  result<void> wait_for(short events, time_point end);
  result<void> start_tls(const address& to, time_point end);
  result<void> send_all(std::string_view bytes, time_point end);
  result<void> put_out(std::string_view bytes, time_point end);
  result<void> take_in(time_point end);
  result<reply> receive(time_point end);
  error broken(const std::string& what) const;

  std::unique_ptr<redisContext, closer> context_;
  std::optional<tls_line> tls_;
  const clock_source* clock_;
};

} // namespace faas::registry::redis
