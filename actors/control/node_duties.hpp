// What is wanted of each node, and how far it has come with it.
#pragma once

#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/node_book.hpp"

#include <map>
#include <set>
#include <string>

namespace faas::actors {

/// Pure; not thread safe. The book is durable; this follows it.
class node_duties {
public:
  explicit node_duties(node_entries kept = {}) : entries_(std::move(kept)) {}

  const node_entries& entries() const noexcept { return entries_; }
  const node_entry& of(const node_name& node) const;
  /// It takes new versions, and versions may move there.
  bool open(const node_name& node) const;
  /// Why a node that meets a version's needs shall not have it; empty: it
  /// shall.
  std::string why_not(const node_name& node, const version_ref& version) const;

  /// What the node's entry becomes; `runs`: what is assigned to it now.
  node_entry after(node_command::what wanted, const node_name& node,
                   std::set<version_ref> runs) const;
  void set(const node_name& node, node_entry entry);

  /// A draining node gives the version up: others have it. Undone when the
  /// others lose it while this one still has it.
  void release(const node_name& node, const version_ref& version);
  void reclaim(const node_name& node, const version_ref& version);
  /// What a draining node still has to keep.
  std::set<version_ref> unreleased(const node_name& node) const;

private:
  node_entries entries_;
  std::map<node_name, std::set<version_ref>> released_;
};

/// "waits for another node to have f:3, g:1 and 4 more ready"; empty when
/// nothing is waited for.
std::string waits_for(const std::set<version_ref>& versions);

} // namespace faas::actors
