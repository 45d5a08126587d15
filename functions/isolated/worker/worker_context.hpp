// What a function in a worker process may ask of its node.
#pragma once

#include "functions/isolated/channel/channel.hpp"
#include "functions/isolated/channel/packing.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::isolated {

/// The context of one call. Lines go through the control socket; when the node
/// does not take them for a second they are lost.
class worker_context final : public invocation_context {
public:
  worker_context(worker_end& channel, time_point deadline, int control)
    : channel_(channel), deadline_(deadline), control_(control) {}
  bool cancelled() const noexcept override;
  duration remaining() const noexcept override;
  /// Answers the node with a part, which then asks for more.
  part_fate send(const reply& head, std::string_view part) noexcept override;
  void log(log_level level, std::string_view text) noexcept override;

private:
  part_fate exchange(const reply& head, std::string_view part);

  worker_end& channel_;
  time_point deadline_;
  int control_;
};

} // namespace faas::isolated
