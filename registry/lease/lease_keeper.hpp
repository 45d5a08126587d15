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
  std::string holder; ///< node name, a blank, and what is unique per process
  leadership::options terms;
  const clock_source* clock = nullptr;
  uint64_t seed = 0;
  std::function<void(std::string)> log; ///< may be empty
};

/// Asks for the lease for as long as it lives: leads when it has it, stands by
/// while another has it. Thread safe after begin(). The lease store is used by
/// one thread at a time.
class lease_keeper final : public leader_seat {
public:
  explicit lease_keeper(lease_keeper_config config);
  /// As resign().
  ~lease_keeper() override;

  /// Asks on the calling thread until it leads or another node does, and goes on
  /// on an own one. (The lease of this node's former process runs out within its
  /// term.) errc::cancelled when stop() says
  /// true (it is asked every 100 ms); when the store is away for `patience`,
  /// its error.
  result<void> begin(duration patience, const std::function<bool()>& stop);
  /// Gives the lease back, within the store's deadline, and asks no more. The
  /// followers are told.
  void resign();

  // leader_seat
  lease held() const override;
  error trouble() const override;
  void follow(std::function<void(leader_news)> told) override;

private:
  void run();
  void step();
  void carry_out(leadership::step what);
  void away(const error& why);
  void back();
  void note(const std::string& line) const;
  void tell();

  lease_keeper_config config_;
  mutable std::mutex mutex_; ///< guards the rest, but for the follower's
  std::condition_variable wake_;
  leadership state_;
  random_source random_;
  std::string held_by_;
  error failure_;
  bool away_ = false;
  bool stop_ = false;
  std::thread thread_;

  std::mutex follower_; ///< one call at a time; taken before mutex_
  std::function<void(leader_news)> told_;
  std::optional<leader_news> last_;
};

} // namespace faas::registry
