// One node: every part of it built from its configuration, and stopped in
// order.
#pragma once

#include "libfaas/core/result.hpp"
#include "tools/faas-node/config.hpp"

#include <filesystem>
#include <memory>

namespace faas::node {

/// The composition root's object. start() serves when it returns; stop()
/// answers what is in flight. One thread.
class running_node {
public:
  /// Opens stores, actors, runtimes and listeners. Errors name what is taken,
  /// damaged or missing and what to do.
  static result<std::unique_ptr<running_node>> start(config settings);
  ~running_node();

  /// What a person wants to know at start: address, data folder, ports, thread
  /// budget.
  std::string banner() const;
  uint16_t gateway_port() const;
  uint16_t link_port() const; ///< 0: none

  /// Refuses new work, answers what is in flight within the grace period, ends
  /// the actors. False when something had to be killed.
  bool stop();

private:
  struct parts;
  explicit running_node(std::unique_ptr<parts> all);
  std::unique_ptr<parts> parts_;
};

/// node.data, or its default from the environment.
std::filesystem::path data_folder(const config& settings);

} // namespace faas::node
