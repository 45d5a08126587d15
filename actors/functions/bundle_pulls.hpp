// Bundles on their way from other nodes to this one.
#pragma once

#include "actors/functions/pull_window.hpp"
#include "actors/messages.hpp"
#include "libfaas/bundles/pull_sources.hpp"
#include "libfaas/core/clock.hpp"

namespace faas::actors {

/// What it needs of its owner, the keeper; its thread only.
struct pull_deps {
  bundle_store* store = nullptr;
  const clock_source* clock = nullptr;
  /// Room for so many packed bytes of that bundle, or why not.
  std::function<result<void>(const digest& id, uint64_t need)> make_room;
  /// The bundle is here; it took that long.
  std::function<void(const digest& id, duration took)> pulled;
  std::function<void(std::string)> log;
};

/// One download at a time per bundle, in chunks, from the nearest node that has
/// it; when that one fails, is silent or sent wrong bytes, from the next.
/// What came of a download that failed, or whose process died, is used by the
/// next one.
class bundle_pulls {
public:
  using waiter = std::function<void(result<std::filesystem::path>)>;

  explicit bundle_pulls(pull_deps deps) : deps_(std::move(deps)) {}

  /// `why` it is asked for although it was here, for messages; may be empty.
  /// `progress` is kept up to date until it is there; may be null.
  void want(const digest& id, waiter done, const std::string& why,
            std::shared_ptr<pull_progress> progress = {});
  void arrived(const node_name& from, const wire::bundle_chunk& chunk);
  /// A bulk connection from that node stands, or is gone with what was on it.
  void bulk(const node_name& node, bool stands);
  /// Nodes that are connected from now on.
  void peers(const bundle_peers& now);
  /// Once a second: asks again where nothing came.
  void tick();
  bool idle() const noexcept { return downloads_.empty(); }
  bool pulls(const digest& id) const { return downloads_.contains(id); }

private:
  struct download {
    std::vector<waiter> waiters;
    std::vector<std::shared_ptr<pull_progress>> watched;
    uint64_t got = 0; ///< bytes that came
    std::unique_ptr<bundle_upload> upload; ///< since the first bytes
    pull_window window;
    bundles::pull_sources sources;
    time_point began{}, heard{}; ///< heard of, or asked again
    int tries = 0;
    bool big = false;     ///< asked for chunks of a bulk connection
    int shorts = 0;       ///< answers in a row of a link's length
    bool by_link = false; ///< and it answered with those of a link
    std::string why;
  };

  void go_on(const digest& id, download& one);
  /// False: the node cannot be asked now.
  bool ask(const digest& id, download& one);
  /// For what has not come.
  void ask_again(const digest& id, download& one);
  bool by_bulk(const download& one, const bundle_peer& peer) const;
  duration patience_of(const download& one) const;
  void next(const digest& id, download& one, const std::string& why);
  void tell(const download& one) const;
  result<void> keep(const digest& id, download& one,
                    const wire::bundle_chunk& chunk);
  void finish(const digest& id, download& one);
  void end(const digest& id, result<std::filesystem::path> outcome);
  error nobody(const digest& id, const download& one) const;

  pull_deps deps_;
  std::vector<bundle_peer> peers_;
  std::map<digest, download> downloads_;
};

} // namespace faas::actors
