// Programs that tell what they see, run as children.
#pragma once

#include "functions/child/child.hpp"
#include "functions/sandbox/descriptor.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace faas::testing {

using child::child_process;
using child::spawn_request;
using sandbox::descriptor;

/// Long enough for any machine; nothing here takes that long.
inline time_point late() {
  return time_point::clock::now() + std::chrono::seconds{30};
}

/// Both ends of a pipe, closed on exec.
struct pipe_ends {
  descriptor read, write;
  pipe_ends() {
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read = descriptor{ends[0]};
    write = descriptor{ends[1]};
  }
  /// Until the end of file, or 30 s of silence.
  std::string rest() {
    write.reset();
    std::string text;
    char bytes[4096];
    for (;;) {
      pollfd ready{read.get(), POLLIN, 0};
      BOOST_REQUIRE(::poll(&ready, 1, 30'000) > 0);
      const auto got = ::read(read.get(), bytes, sizeof bytes);
      if (got <= 0)
        return text;
      text.append(bytes, static_cast<size_t>(got));
    }
  }
  /// One line, without its end; "" at the end of file.
  std::string line() {
    std::string text;
    for (char byte = 0;;) {
      pollfd ready{read.get(), POLLIN, 0};
      BOOST_REQUIRE(::poll(&ready, 1, 30'000) > 0);
      if (::read(read.get(), &byte, 1) <= 0 || byte == '\n')
        return text;
      text += byte;
    }
  }
};

inline spawn_request shell(std::string script) {
  spawn_request request;
  request.argv = {"/bin/sh", "-c", std::move(script)};
  request.env = {{"PATH", "/usr/bin:/bin"}};
  return request;
}

inline child_process started(const spawn_request& request) {
  auto made = child_process::spawn(request);
  if (!made)
    BOOST_FAIL(made.error().to_string());
  return std::move(*made);
}

struct outcome {
  std::string output; ///< of stdout and stderr
  child::exit_status status;
};

/// Runs it to its end.
inline outcome run(spawn_request request) {
  pipe_ends out;
  request.fds.push_back({out.write.get(), 1});
  request.fds.push_back({out.write.get(), 2});
  auto one = started(request);
  outcome done;
  done.output = out.rest();
  const auto status = one.wait_until(late());
  BOOST_REQUIRE(status.has_value());
  done.status = *status;
  return done;
}

/// Why it is not started; it says what to do next.
inline error refusal(const spawn_request& request) {
  auto made = child_process::spawn(request);
  BOOST_REQUIRE(!made);
  BOOST_TEST(!made.error().next_step.empty());
  return made.error();
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace faas::testing
