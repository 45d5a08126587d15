#include "functions/host/trust.hpp"

#include "libfaas/manifest/running_mode.hpp"

namespace faas::host {
namespace {

std::string trust_it(const digest& bundle) {
  return "add sha256:" + bundle.hex()
         + " to the trusted bundles in the node's configuration";
}

result<trust_mode> admit_isolated(const trust_policy& policy,
                                  const function_spec& spec,
                                  const digest& bundle, bool trusted) {
  if (policy.unsandboxed.empty() || policy.accept_unsandboxed || trusted)
    return trust_mode::isolated;
  return error{errc::forbidden,
               "function " + spec.name.str()
                 + " is code that nobody vouches for, and this node cannot "
                   "sandbox its workers: "
                 + policy.unsandboxed,
               "deploy to another node, or set functions.accept_unsandboxed on "
               "this one, or "
                 + trust_it(bundle)};
}

} // namespace

result<trust_mode> admit(const trust_policy& policy, const function_spec& spec,
                         const digest& bundle) {
  const auto& what = spec.petrel;
  const bool torch = what.runtime == runtime_kind::torch;
  const auto mode = running_mode(what);
  if (torch && what.kind == artifact_kind::torchscript)
    return mode;
  const bool trusted = policy.trust_all || policy.digests.contains(bundle);
  if (mode == trust_mode::isolated)
    return admit_isolated(policy, spec, bundle, trusted);
  if (!trusted)
    return error{errc::forbidden,
                 "function " + spec.name.str()
                   + " is native code that this node does not trust",
                 (torch ? "" : "set petrel.mode: isolated, or ") + trust_it(bundle)
                   + "; trusted code can take the node down"};
  return mode;
}

} // namespace faas::host
