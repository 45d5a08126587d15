// Bounds that hold everywhere, each with its reason. Limits that an operator
// may change are declared in the node's configuration and start from these.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace faas::limits {

using namespace std::chrono_literals;

inline constexpr size_t kib = 1024;
inline constexpr size_t mib = 1024 * kib;

/// Largest body of an event or a reply; what an edge node can hold many of.
inline constexpr size_t body_bytes = 16 * mib;
/// Bodies above this do not travel to nodes of protocol 1.
inline constexpr size_t old_body_bytes = 256 * kib;
/// Largest frame between nodes: a frame delays a heartbeat by its length.
inline constexpr size_t frame_bytes = 64 * kib;
/// Header block of a request (OpenFaaS allows as much).
inline constexpr size_t header_bytes = 64 * kib;
/// A manifest is written by hand; more is an attack or an accident.
inline constexpr size_t manifest_bytes = 256 * kib;
/// Packed bundle; a model of a few hundred MB fits.
inline constexpr size_t bundle_bytes = 1024 * mib;
/// Unpacked bundle; with the file count the guard against archive bombs.
inline constexpr size_t unpacked_bytes = 4096 * mib;
inline constexpr size_t bundle_files = 10'000;

/// Events of one function version that may wait on one node.
inline constexpr uint32_t queue_length = 1024;
/// Default deadline of an event (OpenFaaS: 60 s).
inline constexpr auto event_timeout = 60s;
inline constexpr auto max_event_timeout = 3600s;
/// Time that a node gives events in flight at SIGTERM.
inline constexpr auto shutdown_grace = 10s;

/// Threads that one version may lose to calls past their deadline before it is
/// quarantined.
inline constexpr uint32_t written_off_threads = 3;
/// A log line of a function is cut here.
inline constexpr size_t log_line_bytes = 8 * kib;
/// Log lines kept per function version and node.
inline constexpr size_t log_lines = 1000;

} // namespace faas::limits
