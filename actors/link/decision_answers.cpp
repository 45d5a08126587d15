#include "actors/link/decision_answers.hpp"

#include "libfaas/decisions/segment_reader.hpp"
#include "libfaas/decisions/segment_writer.hpp"

namespace faas::actors {
namespace {

constexpr size_t most_attempts = 64; ///< an event has two or three

} // namespace

wire::admin_request decisions_request(const call_id& of) {
  wire::admin_request made;
  made.kind = decisions_kind;
  made.payload = of.to_string();
  made.remaining = node_rounds::patience;
  return made;
}

std::optional<call_id> call_of(const wire::admin_request& request) {
  if (request.kind != decisions_kind)
    return std::nullopt;
  const auto id = call_id::parse(request.payload);
  return id ? std::optional{*id} : std::nullopt;
}

wire::admin_reply decisions_reply(uint64_t id,
                                  const std::vector<decisions::record>& all) {
  wire::admin_reply made;
  made.id = id;
  if (all.empty())
    return made;
  decisions::segment_writer writer;
  writer.begin({}, made.payload);
  for (const auto& one : all)
    writer.add(one, one.of, one.sites);
  writer.finish_block(made.payload);
  return made;
}

told_decisions told_of(const call_id& id,
                       const std::vector<node_answer>& answers) {
  for (const auto& answer : answers) {
    std::vector<decisions::record> all;
    const auto keep = [&](const decisions::record& one) {
      if (one.id == id)
        all.push_back(one);
      return all.size() < most_attempts;
    };
    // What cannot be read counts as nothing.
    if (!answer.payload.empty())
      (void) decisions::read_log(answer.payload, keep);
    if (!all.empty())
      return {answer.by, std::move(all)};
  }
  return {};
}

} // namespace faas::actors
