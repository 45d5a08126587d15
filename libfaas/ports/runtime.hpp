// The one interface of all function runtimes. The agent and the function
// actor know nothing of their kind.
#pragma once

#include "libfaas/event/invocation.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/ports/secret_folder.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace faas {

enum class log_level : uint8_t { debug, info, warning, error };

/// What became of a part of an answer.
enum class part_fate : uint8_t {
  sent, ///< it is on its way; the reply at the end has the rest of the body
  kept, ///< the answer is wanted whole: keep it for the reply, send no more
  stop  ///< nobody waits any more
};

/// What a function may ask of the node during one call. Thread rule: used on
/// the calling thread only.
class invocation_context {
public:
  virtual ~invocation_context() = default;
  /// True when nobody waits for the answer any more.
  virtual bool cancelled() const noexcept = 0;
  /// Time until the deadline; zero or negative when it has passed.
  virtual duration remaining() const noexcept = 0;
  /// True when the event is answered and the node stops: who waits for another
  /// process ends it now and returns.
  virtual bool abandoned() const noexcept { return false; }
  /// Sends a part of the answer to whoever waits for it, before the call has
  /// ended. `head`: its status, content type and headers, which count with the
  /// first part. Waits for a slow reader, at most until the deadline.
  virtual part_fate send(const reply& head, std::string_view part) noexcept {
    return part_fate::kept;
  }
  /// One line for the function's log, kept with the call id.
  virtual void log(log_level level, std::string_view text) noexcept = 0;
};

/// One unit of execution. Used by one thread at a time.
class function_instance {
public:
  virtual ~function_instance() = default;
  /// Runs one event to its end; may block. Faults of user code (exception,
  /// failure code, no answer, two answers) come back as an error reply, never
  /// as an exception.
  virtual reply invoke(const invocation& event,
                       invocation_context& context) noexcept = 0;
  /// Runs events that module::batching lets go together, in one go where that is
  /// faster: one answer for each, in their order. One that is at fault must not
  /// spoil the others. Here: one after the other.
  virtual void invoke_batch(std::span<const invocation* const> events,
                            std::span<invocation_context* const> contexts,
                            std::span<reply> answers) noexcept {
    for (size_t i = 0; i < events.size(); ++i)
      answers[i] = invoke(*events[i], *contexts[i]);
  }
  /// False once it can run no more events, because its process ended: the host
  /// then makes another one for the next event.
  virtual bool usable() noexcept { return true; }
  /// It was made of a process that waited for a function, not from nothing.
  virtual bool from_pool() const noexcept { return false; }
};

/// One measured point of a service profile.
struct profile_point {
  double size = 0; ///< size feature n
  double ms = 0;   ///< service time
};

/// How the events of a module may be joined.
struct batching {
  uint32_t most = 0; ///< items in one batch; 0 or 1: never
  duration window{}; ///< how long the first waits for more
};

/// What an event brings to a batch.
struct batch_share {
  uint32_t items = 0;  ///< 0: it runs alone
  uint64_t bucket = 0; ///< only equal ones go together (shapes)
};

/// One version's code or model, loaded in this process. Thread safe.
class function_module {
public:
  virtual ~function_module() = default;
  /// A new instance; may block (runs on an executor).
  virtual result<std::unique_ptr<function_instance>> create_instance() = 0;
  /// Service times seen in a trial run at load; empty when there was none.
  virtual std::vector<profile_point> profile() const { return {}; }
  /// How events are joined; the same from load to end.
  virtual batching batches() const { return {}; }
  /// An event's share. It is checked here: what is wrong with it shows alone.
  virtual batch_share share_of(const invocation& event) const noexcept {
    return {};
  }
  /// Expected time of a batch of that many items; zero: not known.
  virtual duration batch_time(uint32_t items) const noexcept { return {}; }
  /// For `describe`: name and value, such as layout=channels_last.
  virtual string_map facts() const { return {}; }
  /// Why this version should be stopped for good; empty: it should go on. Asked
  /// after an event that failed.
  virtual std::string trouble() const { return {}; }
};

/// What a module may tell its host from load() until it is destroyed. Any
/// thread; does not block. Each may be empty.
struct module_events {
  /// A line for the function's log outside of invocation_context: what its
  /// program prints. `id`: the call that it belongs to; null: none.
  std::function<void(log_level, std::string_view text, const call_id* id)> log;
  /// facts() says something else now.
  std::function<void()> changed;
};

/// What a runtime gets to load a version.
struct load_request {
  version_ref version;
  const function_spec& spec;
  std::filesystem::path folder; ///< the verified, unpacked bundle
  std::shared_ptr<const secret_folder> secrets = {}; ///< null: none
  module_events events = {};
};

/// One kind of runtime (native, torch, ...). Thread safe.
class function_runtime {
public:
  virtual ~function_runtime() = default;
  virtual runtime_kind kind() const noexcept = 0;
  /// Loads and checks the artifact, with its warm-up; blocks (runs on an
  /// executor). errc::bad_bundle with what is wrong and what to do.
  virtual result<std::unique_ptr<function_module>>
  load(const load_request& request) = 0;
};

} // namespace faas
