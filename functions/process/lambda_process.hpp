// The node's side of one program that speaks the AWS Lambda Runtime API.
#pragma once

#include "functions/process/attended.hpp"
#include "functions/process/lambda_server.hpp"
#include "functions/process/process_pool.hpp"

namespace faas::process::lambda {

struct process_config {
  std::string name;           ///< of the function, for messages
  child::spawn_request start; ///< without descriptors
  identity who;
  /// True: it has a network of its own, where `port` is served.
  bool own_network = true;
  uint16_t port = 9001;
  uint64_t max_body = 0;
  duration start_timeout = std::chrono::seconds{30};
  duration stop_grace = std::chrono::seconds{3};
  line_bounds lines;
  module_events events;
};

/// One event at a time, as in Lambda; at its deadline the program is killed, as
/// there.
class lambda_process final : public pooled_process {
public:
  /// Starts the program and waits until it asks for its first event.
  /// errc::bad_bundle with its own reason or its last lines.
  static result<std::shared_ptr<pooled_process>> start(process_config config);
  ~lambda_process() override;

  uint32_t places() const noexcept override { return 1; }
  pool_outcome call(uint32_t place, const invocation& event,
                    invocation_context& context) override;
  bool usable() override;
  std::string ended() override;
  pid_t pid() const noexcept override { return child_->pid(); }

private:
  enum class waited : uint8_t { done, timeout, broken, abandoned };

  explicit lambda_process(process_config config)
    : config_(std::move(config)) {}
  result<void> launch();
  result<unique_fd> listen_in_its_network();
  result<void> become_ready();
  template <class Condition>
  waited wait(Condition condition, time_point until,
              const invocation_context* caller);
  void note_broken(std::string why);

  const process_config config_;
  std::unique_ptr<attended> child_;
  std::optional<server> server_;

  std::mutex mutex_;   ///< guards what follows
  std::string broken_; ///< why it is of no use any more
};

} // namespace faas::process::lambda
