#include "functions/host/trust.hpp"

namespace faas::host {

result<trust_mode> admit(const trust_policy& policy, const function_spec& spec,
                         const digest& bundle) {
  const auto& what = spec.petrel;
  const bool torch = what.runtime == runtime_kind::torch;
  if (torch && what.kind == artifact_kind::torchscript)
    return trust_mode::threads;
  const auto& name = spec.name.str();
  if (!torch && what.mode == trust_mode::isolated)
    return error{errc::forbidden,
                 "function " + name
                   + " asks for mode isolated, and isolated workers are not "
                     "built yet",
                 "set petrel.mode: threads and trust the bundle sha256:"
                   + bundle.hex() + " in the node's configuration"};
  if (!policy.trust_all && !policy.digests.contains(bundle))
    return error{errc::forbidden,
                 "function " + name
                   + " is native code that this node does not trust",
                 "add sha256:" + bundle.hex()
                   + " to the trusted bundles in the node's configuration; "
                     "trusted code can take the node down"};
  return torch ? trust_mode::threads : what.mode;
}

} // namespace faas::host
