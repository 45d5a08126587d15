// A Redis server that is used for long: connects when needed, logs in, comes
// back after failures. Internal to this folder and its tests.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/mqtt/backoff.hpp"
#include "registry/redis/connection.hpp"

#include <optional>

namespace faas::registry::redis {

struct client_options {
  address server;
  /// Time to connect and log in.
  duration connect_timeout = std::chrono::seconds{2};
  /// Time for the answers to one run().
  duration command_timeout = std::chrono::seconds{2};
  /// Pauses between attempts to connect, with jitter.
  duration shortest_pause = std::chrono::milliseconds{50};
  duration longest_pause = std::chrono::seconds{2};
};

/// A Lua script; make it once, it knows its SHA-1.
class script {
public:
  explicit script(std::string text);
  const std::string& text() const noexcept { return text_; }
  const std::string& sha1() const noexcept { return sha1_; }

private:
  std::string text_;
  std::string sha1_;
};

/// With sentinels the master is asked for at each connect. Errors name the
/// server and what to do. A connection that broke (but not one
/// that timed out) is made again once per call and the commands are repeated,
/// so every command must bear being carried out twice. While the server cannot
/// be reached, calls within the pause fail at once. Not thread safe.
class client {
public:
  client(client_options options, const clock_source& clock, uint64_t seed);

  /// Replies of kind failure are returned, not turned into errors.
  result<std::vector<reply>> run(std::span<const command> commands);
  /// One command; a reply of kind failure is an error.
  result<reply> run_one(command one);
  /// EVALSHA, or EVAL when the server does not have the script, and the
  /// commands of `then` on the same connection. The replies in that order; a
  /// failure of the script is an error.
  result<std::vector<reply>> eval(const script& what,
                                  const std::vector<std::string>& keys,
                                  const std::vector<std::string>& values,
                                  const std::vector<command>& then = {});

  /// What a failure that the server answered means.
  error error_of(const std::string& failure) const;

private:
  result<void> connect();
  result<void> open_link();
  command auth() const;
  result<address> ask_sentinel(const endpoint& at, duration patience);
  result<address> master();
  result<void> log_in();
  result<std::vector<reply>> attempt(std::span<const command> commands);
  error told(const error& failure) const;

  client_options options_;
  const clock_source* clock_;
  random_source random_;
  mqtt::backoff pauses_;
  std::optional<connection> link_;
  time_point connected_at_{};
  time_point next_attempt_{};
  std::optional<error> last_failure_;
};

} // namespace faas::registry::redis
