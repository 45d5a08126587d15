// A version of protocol http: where its programs serve, and their instances.
#pragma once

#include "functions/process/program.hpp"
#include "libfaas/ports/runtime.hpp"

#include <atomic>

namespace faas::process {

/// The port that a program with a network of its own serves on, when its
/// environment names none.
inline constexpr uint16_t usual_port = 8080;

/// How the programs of a version are run.
struct http_settings {
  child::spawn_request start;
  std::filesystem::path sockets; ///< each program that listens there gets a folder
  bool own_network = true;       ///< each program has a network of its own
  duration start_timeout{}, stop_grace{};
  restart_rules rules;
  std::shared_ptr<std::atomic<uint64_t>> folders; ///< numbers them
};

/// Starts the first program and waits until it is ready. errc::bad_bundle with
/// its last lines.
result<std::unique_ptr<function_module>>
load_http_module(const load_request& of, http_settings with);

} // namespace faas::process
