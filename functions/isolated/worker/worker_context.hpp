// What a function in a worker process may ask of its node.
#pragma once

#include "functions/isolated/channel/channel.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::isolated {

/// The context of one call. Lines go through the control socket; when the node
/// does not take them for a second they are lost.
class worker_context final : public invocation_context {
public:
  worker_context(const worker_end& channel, time_point deadline, int control)
    : channel_(channel), deadline_(deadline), control_(control) {}
  bool cancelled() const noexcept override;
  duration remaining() const noexcept override;
  void log(log_level level, std::string_view text) noexcept override;

private:
  const worker_end& channel_;
  time_point deadline_;
  int control_;
};

} // namespace faas::isolated
