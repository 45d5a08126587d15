// Gets the controller's lease and keeps it.
#pragma once

#include "libfaas/flow/leadership.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace faas::registry {

struct lease_keeper_config {
  std::unique_ptr<lease_store> store;
  std::string holder; ///< unique per process
  leadership::options terms;
  const clock_source* clock = nullptr;
  uint64_t seed = 0;
  std::function<void(std::string)> log; ///< may be empty
  /// Once, when another holds what this one held: it leads elsewhere now, and
  /// this process should stop. On the keeper's thread; must not block.
  std::function<void(std::string held_by)> on_lost;
};

/// Thread safe after acquire(). The lease store is used by one thread at a
/// time.
class lease_keeper {
public:
  explicit lease_keeper(lease_keeper_config config);
  /// Gives the lease back, within the store's deadline.
  ~lease_keeper();

  /// Waits for the lease on the calling thread, then keeps it on an own one.
  /// While another has it, waits until stop() says true (errc::cancelled; it is
  /// asked every 100 ms); when the store is away for `patience`, its error.
  result<void> acquire(duration patience, const std::function<bool()>& stop);

  /// The lease, while it may be used; token 0 otherwise.
  lease held() const;
  /// Why there is none.
  error trouble() const;

private:
  void run();
  void step();
  void carry_out(leadership::step what);
  void away(const error& why);
  void back();
  void note(const std::string& line) const;

  lease_keeper_config config_;
  mutable std::mutex mutex_; ///< guards all below
  std::condition_variable wake_;
  leadership state_;
  random_source random_;
  std::string held_by_;
  error failure_;
  bool away_ = false;
  bool led_ = false;
  bool told_ = false;
  bool stop_ = false;
  std::thread thread_;
};

} // namespace faas::registry
