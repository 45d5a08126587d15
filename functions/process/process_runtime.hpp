// Runs functions that are programs, in any language, as processes.
#pragma once

#include "functions/process/program.hpp"
#include "functions/zygote/zygote.hpp"
#include "libfaas/ports/runtime.hpp"

#include <atomic>

namespace faas::process {

struct runtime_config {
  /// For sockets of programs; made when it is missing. Its path must be short:
  /// a unix socket's has at most 107 bytes.
  std::filesystem::path sockets;
  /// False: programs run with all rights of this process.
  bool sandboxed = true;
  duration start_timeout = std::chrono::seconds{30};
  duration stop_grace = std::chrono::seconds{3};
  restart_rules restarts;
  /// Forks of a Python that wait for functions (protocol worker); 0: every
  /// function starts its own interpreter.
  uint32_t python_waiting = 0;
  std::function<void(std::string)> log; ///< of the zygote; may be empty
};

/// Where a program of protocol lambda that has a network of its own finds the
/// Runtime API.
inline constexpr uint16_t lambda_port = 9001;

/// The function_runtime of kind process. Thread safe.
class process_runtime final : public function_runtime {
public:
  explicit process_runtime(runtime_config config);

  runtime_kind kind() const noexcept override { return runtime_kind::process; }
  /// http: starts the program and waits until it is ready; the others: looks
  /// for the program, and starts it with the first instance (fork: with each
  /// event). errc::bad_bundle with its last lines.
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override;

private:
  result<std::unique_ptr<function_module>> load_http(const load_request& of);
  result<std::unique_ptr<function_module>> load_fork(const load_request& of);
  result<std::unique_ptr<function_module>> load_worker(const load_request& of);
  result<std::unique_ptr<function_module>> load_lambda(const load_request& of);
  std::string use_zygote(child::spawn_request& start) const;

  runtime_config config_;
  /// Of the Python that the usual PATH finds; null: none is used.
  std::shared_ptr<zygote::pool> zygote_;
  std::shared_ptr<std::atomic<uint64_t>> folders_
    = std::make_shared<std::atomic<uint64_t>>(0);
};

/// What a function's processes may see and use: its bundle and secrets, the
/// limits of the manifest.
sandbox::plan plan_for(const load_request& from);

/// The file of the command's program. errc::bad_bundle when it is neither in the
/// bundle nor found by PATH.
result<std::filesystem::path>
find_program(const std::vector<std::string>& command,
             const std::filesystem::path& folder,
             const string_map& environment);

} // namespace faas::process
