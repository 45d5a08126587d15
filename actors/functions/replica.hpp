// A node's last view as bytes, and when they are written.
#pragma once

#include "actors/functions/view_follower.hpp"
#include "libfaas/ports/replica_store.hpp"

#include <functional>
#include <optional>
#include <string>

namespace faas::actors {

/// What is kept of a view: the versions, without who else runs them.
struct replica {
  view_follower::view_ptr view; ///< knows this node only
  std::set<function_name> kept; ///< see view_follower
};

std::string pack(const replica& what);
/// errc::invalid_argument. The node of the view is `self`.
result<replica> unpack(std::string_view bytes, const node_record& self);

/// Writes replicas: at once when what the node runs has changed, else at most
/// once per `rest`, since others' deployments are no reason to wear its disk
/// out. Blocks; one thread.
class replica_writer {
public:
  static constexpr auto rest = std::chrono::seconds{30};

  replica_writer(replica_store* store, node_name self,
                 std::function<void(std::string)> log)
    : store_(store), self_(std::move(self)), log_(std::move(log)) {}

  void take(replica what, time_point now);
  /// When something waits to be written.
  std::optional<time_point> due() const;
  /// Writes it if its time has come.
  void tick(time_point now);

private:
  void write(time_point now);

  replica_store* store_; ///< null: nothing is kept
  node_name self_;
  std::function<void(std::string)> log_;
  replica latest_;
  std::string own_, all_; ///< what was written: a mark of it, and the bytes
  std::optional<time_point> written_;
  bool waiting_ = false, failed_ = false;
};

} // namespace faas::actors
