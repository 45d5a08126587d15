// What node and worker tell each other: heads of messages, without the bodies.
#pragma once

#include "functions/isolated/channel/packing.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/event/invocation.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/ports/runtime.hpp"

#include <set>

namespace faas::isolated {

/// What a worker is asked.
enum class request_kind : uint8_t {
  create = 1, ///< load the library and make the instance: once, first
  call = 2,
  destroy = 3, ///< end the instance and the process: last
  proceed = 4  ///< during a call, after a part of its answer
};

/// What a worker must know to make its instance.
struct create_request {
  std::string library; ///< path of the shared library
  std::string function;
  std::string folder; ///< of the bundle
  string_map environment;
  uint64_t max_body = 0;
  std::string secret_folder;
  std::set<std::string> secrets; ///< names of files in secret_folder
};

/// One event for the worker; its body lies in the segment.
struct call_request {
  invocation event; ///< the fields that a native function sees, without body
  duration remaining{};
  std::vector<std::string> changed; ///< secrets with another value now
  uint64_t body_bytes = 0;
};

/// Most headers in one message, either way.
inline constexpr uint64_t most_headers = 4096;
/// Longest message and next step of an error from a worker.
inline constexpr size_t error_bytes = 4096;

void pack(packer& to, const create_request& what);
/// Without copying the event: its body is not packed.
void pack_call(packer& to, const invocation& event, duration remaining,
               const std::vector<std::string>& changed);
void pack_destroy(packer& to);
void pack_proceed(packer& to, part_fate of_last);
/// Without the body, of which only the size is told. `part`: the first bytes of
/// an answer that goes on.
void pack_reply(packer& to, const reply& answer, uint64_t body_bytes,
                bool part = false);

/// For the worker, which trusts its node; nothing when it is no such message.
std::optional<request_kind> kind_of(std::string_view head) noexcept;
std::optional<create_request> unpack_create(std::string_view head);
std::optional<call_request> unpack_call(std::string_view head);
std::optional<part_fate> unpack_proceed(std::string_view head) noexcept;

/// A worker's answer: never trusted. Headers, status, code, sizes and the
/// length of texts are checked.
struct worker_reply {
  reply answer; ///< without body
  uint64_t body_bytes = 0; ///< at most `max_body`
  bool part = false;
};
/// errc::function_failed with what is wrong.
result<worker_reply> unpack_reply(std::string_view head, uint64_t max_body);

} // namespace faas::isolated
