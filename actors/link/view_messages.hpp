// A cluster view as messages between nodes, and back.
#pragma once

#include "actors/control/controller_core.hpp"
#include "libfaas/wire/messages.hpp"

#include <optional>
#include <vector>

namespace faas::actors {

/// The nodes, then what each of them runs, then the assignments, which
/// complete the view. A peer of protocol 1 knows of no duties and would send
/// events to whoever is ready: it is not told of placements that take none.
std::vector<wire::message> to_messages(const cluster_view& view,
                                       uint32_t protocol = wire::max_protocol);

/// One version as it is assigned, and back. errc::invalid_argument names a spec
/// that cannot be read.
wire::assignment to_assignment(const assigned_version& from);
result<assigned_version> from_assignment(const wire::assignment& from);

/// A node's placements as a report, and back.
wire::placement_report to_report(const node_name& node, const revision& at,
                                 const std::vector<placement>& placements);
std::vector<placement> from_report(const wire::placement_report& report);

/// Puts the messages of to_messages() together again. Not thread safe.
class view_assembler {
public:
  void take(const wire::node_report& nodes);
  void take(const wire::placement_report& report);
  /// The complete view; errc::invalid_argument names a spec that cannot be
  /// read.
  result<cluster_view> take(const wire::assignments& assigned);

private:
  cluster_view next_;
};

} // namespace faas::actors
