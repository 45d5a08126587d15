// Connections between two nodes of one process, without a tunnel.
#pragma once

#include "libfaas/ports/peer_links.hpp"

#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace faas::test {

/// What one of two nodes uses; every open() leads to the other.
class paired_links final : public peer_links {
public:
  explicit paired_links(std::string peer) { peer_.node = node_name{peer}; }
  ~paired_links() override { cut(); }
  void pair(paired_links& with, bool peer_has_controller) {
    other_ = &with;
    peer_.controller = peer_has_controller;
  }

  void open(const std::string&,
            std::function<void(result<opened>)> done) override {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return done(error{errc::unavailable, "no descriptors"});
    if (!other_->accept(ends[1])) {
      ::close(ends[0]);
      return done(error{errc::unavailable, "the other takes no calls"});
    }
    uint64_t ticket = 0;
    {
      const std::lock_guard lock{mutex_};
      ticket = ++last_;
      tickets_[ticket] = ends[0];
      copies_.push_back(::fcntl(ends[0], F_DUPFD_CLOEXEC, 0));
    }
    done(opened{ticket, peer_});
  }
  int take(uint64_t ticket) override {
    const std::lock_guard lock{mutex_};
    const auto found = tickets_.find(ticket);
    if (found == tickets_.end())
      return -1;
    const int socket = found->second;
    tickets_.erase(found);
    return socket;
  }
  void serve(std::function<void(int)> accept) override {
    const std::lock_guard lock{mutex_};
    accept_ = std::move(accept);
  }
  std::optional<peer_identity> owner(std::string_view) const override {
    return peer_;
  }
  peer_origin origin(std::string_view) const override { return {}; }

  /// Breaks every connection that this side opened.
  void cut() {
    const std::lock_guard lock{mutex_};
    for (const int socket : copies_) {
      ::shutdown(socket, SHUT_RDWR);
      ::close(socket);
    }
    copies_.clear();
  }

private:
  bool accept(int socket) {
    const std::lock_guard lock{mutex_};
    if (!accept_) {
      ::close(socket);
      return false;
    }
    accept_(socket);
    return true;
  }

  std::mutex mutex_;
  std::map<uint64_t, int> tickets_;
  std::vector<int> copies_;
  std::function<void(int)> accept_;
  uint64_t last_ = 0;
  peer_identity peer_;
  paired_links* other_ = nullptr;
};

} // namespace faas::test
