// One event to be run, and its answer.
#pragma once

#include "libfaas/core/blob.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/core/error.hpp"
#include "libfaas/core/id.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace faas {

/// One HTTP-style header. Names compare without case (find_header).
struct header {
  std::string name;
  std::string value;
  bool operator==(const header&) const = default;
};
using header_list = std::vector<header>;

/// Value of the first header of that name, or null.
const std::string* find_header(const header_list& headers,
                               std::string_view name) noexcept;

class answer_parts;

/// Where an event came from.
enum class trigger : uint8_t { http, mqtt, internal };

/// One event: what is to be run, with what, until when. Plain data; a copy
/// shares the body.
struct invocation {
  call_id id;
  function_name function;
  uint32_t version = 0; ///< 0: chosen by the traffic's shares
  std::string method = "POST";
  std::string path = "/"; ///< what follows /function/{name}
  std::string query;
  std::string content_type;
  header_list headers; ///< without hop-by-hop headers
  blob body;
  time_point accepted; ///< by the acceptor's clock
  time_point deadline; ///< by this machine's clock; remaining time travels
  std::string traceparent; ///< W3C Trace Context; may be empty
  std::string tracestate;
  std::string idempotency_key; ///< allows repetition where it may have run
  double size = 0;  ///< the manifest's size feature, for the estimator
  trigger source = trigger::http;
  uint8_t attempt = 1; ///< counts executions tried for this event
  /// Takes the answer in parts; null: it is wanted whole. Does not travel to
  /// other nodes.
  std::shared_ptr<answer_parts> parts = {};
};

/// What an event found where it ran.
enum class start_kind : uint8_t {
  warm, ///< an instance that had run events before
  pool, ///< an instance made ahead of need: this is its first event
  cold  ///< it waited until code was loaded or an instance was made
};

/// Parts of an answer's time, measured where it ran, on that machine's clock.
struct execution_times {
  duration queue{};   ///< admission to start
  duration service{}; ///< user code
  duration cold{};    ///< load and instance start that this event waited for
  /// Of a batch that it shared: service is the event's part, by items; what else
  /// the batch took counts as queue. Zero: it ran alone, or nothing was told.
  duration batch{};
};

/// The answer to one event: the function's own reply (code == ok; the status
/// may still be 4xx or 5xx of the function's making), or Petrel's error.
struct reply {
  errc code = errc::ok;
  uint16_t status = 200;
  std::string content_type;
  header_list headers;
  blob body;
  std::string message;   ///< for code != ok: what happened
  std::string next_step; ///< for code != ok: what to do
  execution_times times;
  std::string site;          ///< where it ran; empty when it never ran
  /// What was promised when its site was chosen: 95 % take no longer. 0: nothing.
  duration promise{};
  uint32_t version = 0;      ///< which version ran
  /// Others before the same servers at completion, and how many of these are
  /// of other versions.
  uint32_t queue_length = 0, queue_foreign = 0;
  bool started = false;      ///< user code may have begun
  start_kind start = start_kind::warm; ///< once it has

  static reply failure(error what);
};

} // namespace faas
