// Events for a program that serves HTTP.
#pragma once

#include "functions/process/http_exchange.hpp"
#include "functions/process/program.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::process {

/// One kept connection to the program of a version. A new one is made when the
/// program was restarted or closed it. An event is sent again only when its
/// connection turned out to be closed before any answer, and its method or the
/// manifest allows it.
class http_instance final : public function_instance {
public:
  struct settings {
    uint64_t max_body = 0;
    bool idempotent = false; ///< any event may be sent twice
  };
  http_instance(std::shared_ptr<program> of, settings how)
    : program_(std::move(of)), how_(how) {}

  reply invoke(const invocation& event,
               invocation_context& context) noexcept override;

private:
  struct attempt {
    bool reused = false; ///< the connection
    uint64_t run = 0;
    exchange_outcome outcome;
  };

  reply call(const invocation& event, invocation_context& context);
  result<attempt> try_once(const invocation& event, const std::string& head,
                           time_point until, invocation_context& context);
  result<bool> connect(const program::run& to, time_point until,
                       const io_waiter& wait, invocation_context& context);
  reply conclude(attempt&& made, const invocation& event,
                 invocation_context& context);

  std::shared_ptr<program> program_;
  settings how_;
  unique_fd connection_;
  uint64_t run_ = 0; ///< of the program that connection_ leads to
};

} // namespace faas::process
