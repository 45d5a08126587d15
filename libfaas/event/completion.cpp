#include "libfaas/event/completion.hpp"

namespace faas {

void completion::abandon() noexcept {
  if (sink_)
    (*this)(reply::failure({errc::abandoned,
                            "the event was dropped before it was answered",
                            "see the node's log; repeat if it is idempotent"}));
}

} // namespace faas
