#include "libfaas/manifest/work.hpp"

#include <utility>

namespace faas {

std::string work_of(function_spec spec) {
  const petrel_spec usual;
  auto& petrel = spec.petrel;
  // For people and for faas-cli.
  spec.handler.clear();
  std::erase_if(spec.labels, [](const auto& label) {
    return !label.first.starts_with("com.openfaas.scale.");
  });
  spec.annotations.clear();
  // Which events there are, and which of them come to a site.
  petrel.needs = usual.needs;
  petrel.topics = usual.topics;
  petrel.reply_topic = usual.reply_topic;
  petrel.queue = usual.queue;
  petrel.timeout = usual.timeout;
  petrel.idempotent = usual.idempotent;
  petrel.policy = usual.policy;
  petrel.key = usual.key;
  petrel.deadline = usual.deadline;
  petrel.lighter = usual.lighter;
  if (petrel.runtime != runtime_kind::torch) // whose batches it bounds
    petrel.max_body_bytes = usual.max_body_bytes;
  petrel.rollout = usual.rollout;
  petrel.on_secret = usual.on_secret;
  petrel.samples = usual.samples; // they tell of the work, and are none
  return to_json(spec);
}

} // namespace faas
