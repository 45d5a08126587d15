// A node of this machine for one command: its folder and its end are ours.
#pragma once

#include "tools/faas-cli/endpoint.hpp"

namespace faas::cli {

class local_node {
public:
  /// Starts the faas-node beside this program with an empty folder and waits
  /// until it is ready. Port 0: any. errc::not_found, errc::unavailable with
  /// its last lines, errc::deadline_exceeded.
  static result<std::unique_ptr<local_node>> start(session& s, uint16_t port);

  /// Ends it and removes its folder.
  ~local_node();
  local_node(const local_node&) = delete;
  local_node& operator=(const local_node&) = delete;

  const endpoint& target() const noexcept { return target_; }
  std::filesystem::path token_file() const { return folder_ / "admin-token"; }
  /// Why it runs no more; nullopt: it runs.
  std::optional<error> ended();

private:
  explicit local_node(std::filesystem::path folder)
    : folder_(std::move(folder)) {}
  std::filesystem::path log() const { return folder_ / "node.log"; }
  bool read_banner();

  std::filesystem::path folder_;
  std::unique_ptr<background> program_;
  endpoint target_;
};

} // namespace faas::cli
