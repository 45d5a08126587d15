#include "tools/faas-node/node_workers.hpp"

namespace faas::node {

node_workers find_workers(const config& settings,
                          const std::filesystem::path& program_folder) {
  node_workers made;
  made.config.worker.program = settings.worker.empty()
                                 ? program_folder / "faas-worker"
                                 : std::filesystem::path{settings.worker};
  const auto means = sandbox::probe();
  if (means.enough())
    made.config.sandbox = means.facts();
  else
    made.unsandboxed = means.missing();
  return made;
}

std::string node_workers::banner(bool accepted) const {
  if (unsandboxed.empty())
    return "  workers   sandboxed processes\n";
  return "  workers   not sandboxed: " + unsandboxed + "; "
         + (accepted ? "any bundle runs in them all the same"
                     : "only trusted bundles run in them")
         + "\n";
}

} // namespace faas::node
