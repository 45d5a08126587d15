// Where a native function's answer is put together, and its rules.
#pragma once

#include "libfaas/event/invocation.hpp"
#include "libfaas/ports/runtime.hpp"
#include "libfaas/sdk/faas/function.h"

#include <optional>
#include <string>

namespace faas::native {

/// One answer in the making. The first broken rule is kept as the fault;
/// everything after it is refused. `max_body` bounds what is not sent yet. One
/// thread.
class reply_sink {
public:
  reply_sink(uint64_t max_body, invocation_context& context) noexcept
    : max_body_(max_body), context_(context) {}

  /// The C face of this sink; valid as long as the sink stays where it is.
  faas_sink table() noexcept;

  /// Status, type, headers: once, before the first write. False = refused.
  bool start(int status, faas_bytes content_type, const faas_header* headers,
             size_t count);
  /// One part of the body. False = refused.
  bool write(faas_bytes part);
  /// What was written goes to the caller now, where that can be. False = nobody
  /// waits, or the answer was refused.
  bool flush();
  /// Ends the answer with an error of the node's finding.
  void fail(std::string what, std::string next);
  /// What the function returned: the answer, or what went wrong. `last_error`
  /// is the function's last error line in this call.
  reply finish(int code, const std::string& last_error);

private:
  bool add_headers(const faas_header* headers, size_t count);

  uint64_t max_body_;
  invocation_context& context_;
  reply answer_;
  std::string body_;
  bool started_ = false;
  bool written_ = false;
  part_fate fate_ = part_fate::sent; ///< of the last part
  std::optional<error> fault_;
};

} // namespace faas::native
