// Programs of tests, and the runtime that runs them.
#pragma once

#include "functions/process/process_runtime.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <mutex>

namespace faas::process::testing {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A loaded machine needs so long at most; passing it is a failure.
constexpr auto limit = 60s;

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Waits for what becomes true by itself; false: it did not within the limit.
template <class Condition>
bool becomes(Condition condition) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock{mutex};
  const auto end = clock::now() + limit;
  while (!condition()) {
    if (clock::now() > end)
      return false;
    never.wait_for(lock, 5ms);
  }
  return true;
}

/// The process has ended (a zombie that nobody has reaped yet counts).
inline bool gone(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto end = text.rfind(')');
  return end == text.npos || text[end + 2] == 'Z' || text[end + 2] == 'X';
}

/// The context of one call.
class context final : public invocation_context {
public:
  bool cancelled() const noexcept override { return cancelled_.load(); }
  duration remaining() const noexcept override { return limit; }
  void log(log_level, std::string_view text) noexcept override {
    lines.emplace_back(text);
  }
  part_fate send(const reply& first, std::string_view part) noexcept override {
    if (fate == part_fate::sent) {
      head = first;
      parts.emplace_back(part);
      if (on_part)
        on_part();
    }
    return parts.size() > most ? part_fate::stop : fate;
  }
  void cancel() { cancelled_.store(true); }
  /// Some line has this part.
  bool has(std::string_view part) const {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) {
      return contains(line, part);
    });
  }

  std::vector<std::string> lines;
  part_fate fate = part_fate::kept; ///< of parts
  size_t most = 1000;               ///< parts until nobody waits
  std::function<void()> on_part;
  reply head;
  std::vector<std::string> parts;

private:
  std::atomic<bool> cancelled_{false};
};

/// Lines outside of a context.
class shared_log {
public:
  module_events events() {
    module_events to;
    to.log = [this](log_level, std::string_view text, const call_id* id) {
      const std::lock_guard lock{mutex_};
      lines_.emplace_back(text, id ? id->to_string() : "");
    };
    to.changed = [this] { ++changes; };
    return to;
  }
  /// The call id with the first line that has this part; "-" when none has.
  std::string id_of(std::string_view part) const {
    const std::lock_guard lock{mutex_};
    for (const auto& [text, id] : lines_)
      if (contains(text, part))
        return id;
    return "-";
  }
  bool has(std::string_view part) const { return id_of(part) != "-"; }
  size_t count() const {
    const std::lock_guard lock{mutex_};
    return lines_.size();
  }
  std::atomic<int> changes{0};

private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> lines_;
};

/// A folder as bundle, and programs loaded from it without a sandbox.
struct world {
  faas::testing::scratch_folder bundle, sockets;
  shared_log log;
  runtime_config config;
  function_spec spec;
  std::unique_ptr<process_runtime> runtime;
  std::unique_ptr<function_module> module;

  world() {
    config.sockets = sockets.path();
    config.sandboxed = false;
    config.restarts.first = 1ms;
    spec.name = function_name{"f"};
    spec.petrel.runtime = runtime_kind::process;
  }

  void script(const std::string& name, std::string_view text) {
    faas::testing::write_file(bundle / name, text);
    std::filesystem::permissions(bundle / name,
                                 std::filesystem::perms::owner_all);
  }
  /// Runs the lines with /bin/sh.
  void shell(std::string_view lines) {
    script("run.sh", "#!/bin/sh\n" + std::string{lines});
    spec.petrel.process.command = {"./run.sh"};
  }

  result<void> load() {
    runtime = std::make_unique<process_runtime>(config);
    auto made = runtime->load(
      {{spec.name, 1}, spec, bundle.path(), nullptr, log.events()});
    if (!made)
      return made.error();
    module = std::move(*made);
    return {};
  }
  std::string load_failure() {
    const auto outcome = load();
    return outcome ? "" : outcome.error().to_string();
  }
  std::unique_ptr<function_instance> instance() {
    auto made = module->create_instance();
    BOOST_REQUIRE(made);
    return std::move(*made);
  }
  /// Of the module; empty: it says none of that name.
  std::string fact(const std::string& name) {
    const auto all = module->facts();
    const auto found = all.find(name);
    return found == all.end() ? "" : found->second;
  }
  static invocation event(std::string path, std::string body = {},
                          duration time = limit) {
    static std::atomic<uint64_t> number{0};
    invocation made;
    made.id = call_id{7, ++number};
    made.path = std::move(path);
    made.body = blob{std::move(body)};
    made.deadline = clock::now() + time;
    return made;
  }
};

/// For protocols whose instances start processes.
struct pooled_world : world {
  context calls;

  std::unique_ptr<function_instance> start() {
    const auto failed = load_failure();
    BOOST_REQUIRE_MESSAGE(module, failed);
    auto made = module->create_instance();
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().to_string()));
    return std::move(*made);
  }
  std::string start_failure() {
    BOOST_REQUIRE(load());
    const auto made = module->create_instance();
    return made ? "" : made.error().to_string();
  }
};

} // namespace faas::process::testing
