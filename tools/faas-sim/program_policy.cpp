#include "tools/faas-sim/program_policy.hpp"

#include "libfaas/routing/policies/by_site.hpp"
#include "libfaas/sim/site_state.hpp"
#include "tools/faas-sim/router_process.hpp"

#include <nlohmann/json.hpp>

namespace faas::sim {
namespace {

using json = nlohmann::ordered_json;
using namespace routing;

constexpr int protocol = 1;
constexpr size_t most_shown = 200;

std::string line_of(const json& said) {
  return said.dump(-1, ' ', false, json::error_handler_t::replace);
}

double ms_of(time_point at) noexcept {
  return to_ms(at - sim::at(0));
}

class program_policy final : public policy {
public:
  program_policy(std::shared_ptr<router_status> status, std::string function,
                 std::vector<std::string> names,
                 std::vector<site_index> sites)
    : status_(std::move(status)), names_(std::move(names)),
      sites_(std::move(sites)), reports_(names_.size()) {
    if (status_->wrong)
      return;
    if (auto good = process_.start(status_->command, status_->patience);
        !good) {
      fail(good.error());
      return;
    }
    process_.tell(line_of({{"hello",
                            {{"protocol", protocol},
                             {"seed", status_->seed},
                             {"function", function},
                             {"sites", names_}}}}));
  }

  std::string_view name() const noexcept override { return "program"; }
  bool predicts() const noexcept override { return false; }

  pick choose(const decision& so_far, const event_features& event,
              random_source&, time_point now) noexcept override {
    const auto first
      = static_cast<uint8_t>(std::countr_zero(so_far.healthy));
    if (status_->wrong)
      return {first, reason::fallback, 0};
    ++number_;
    const auto answer = process_.ask(line_of(question(so_far, event, now)));
    if (!answer) {
      fail(answer.error());
      return {first, reason::fallback, 0};
    }
    const auto chosen = read(*answer, so_far);
    return chosen ? pick{*chosen, reason::ranked, 0}
                  : pick{first, reason::fallback, 0};
  }

  void ended(const outcome& seen) noexcept override {
    const auto site = position(seen.site);
    if (status_->wrong || site == sites_.size())
      return;
    reports_[site] = {seen.queue_length, seen.at, !seen.failed};
    process_.tell(line_of({{"ended",
                            {{"now_ms", ms_of(seen.at)},
                             {"site", names_[site]},
                             {"size", seen.size},
                             {"bytes", seen.bytes.up},
                             {"reply_bytes", seen.bytes.down},
                             {"failed", seen.failed},
                             {"total_ms", seen.total_ms},
                             {"queue_ms", seen.queue_ms},
                             {"service_ms", seen.service_ms},
                             {"cold_ms", seen.cold_ms},
                             {"in_flight", seen.in_flight},
                             {"queue_length", seen.queue_length}}}}));
  }

private:
  struct report {
    double queue = 0;
    time_point at{};
    bool known = false;
  };

  size_t position(site_index site) const noexcept {
    return static_cast<size_t>(std::find(sites_.begin(), sites_.end(), site)
                               - sites_.begin());
  }

  json question(const decision& so_far, const event_features& event,
                time_point now) const {
    auto sites = json::array();
    each_healthy(so_far, [&](uint8_t i) {
      const auto site = position(so_far.sites[i]);
      json one{{"site", names_[site]},
               {"in_flight", so_far.parts[i].in_flight},
               {"servers", so_far.parts[i].servers}};
      if (const auto& last = reports_[site]; last.known)
        one["reported"] = {{"queue", last.queue},
                           {"ms_ago", to_ms(now - last.at)}};
      sites.push_back(std::move(one));
    });
    return {{"choose",
             {{"id", number_},
              {"now_ms", ms_of(now)},
              {"size", event.size},
              {"bytes", event.bytes.up},
              {"reply_bytes", event.bytes.down},
              {"sites", std::move(sites)}}}};
  }

  /// The position that the answer names; a wrong answer is noted.
  std::optional<uint8_t> read(const std::string& line,
                              const decision& so_far) {
    const auto wrong = [&](const std::string& what) {
      fail({errc::invalid_argument, what + ": " + line.substr(0, most_shown),
            "answer each \"choose\" with one line, {\"id\": ID, \"site\": "
            "\"NAME\"}, and write nothing else to standard output"});
      return std::nullopt;
    };
    const auto said = json::parse(line, nullptr, false);
    if (!said.is_object() || !said.contains("id") || !said.contains("site")
        || !said["id"].is_number_unsigned() || !said["site"].is_string())
      return wrong("its line is no answer");
    if (said["id"].get<uint64_t>() != number_)
      return wrong("it answers another question than number "
                   + std::to_string(number_));
    const auto site = said["site"].get<std::string>();
    for (uint8_t i = 0; i < so_far.count; ++i)
      if ((so_far.healthy >> i & 1) != 0
          && names_[position(so_far.sites[i])] == site)
        return i;
    return wrong("the site that it names was not offered");
  }

  void fail(const error& what) {
    if (!status_->wrong)
      status_->wrong = error{what.code,
                             "program:" + status_->command + ": "
                               + what.message,
                             what.next_step};
  }

  std::shared_ptr<router_status> status_;
  std::vector<std::string> names_;
  std::vector<site_index> sites_;
  std::vector<report> reports_;
  router_process process_;
  uint64_t number_ = 0;
};

} // namespace

policy_maker program_policies(std::shared_ptr<router_status> status,
                              const scenario& world) {
  std::vector<std::string> sites, functions;
  for (const auto& law : world.sites)
    sites.push_back(law.name);
  for (const auto& law : world.functions)
    functions.push_back(law.name);
  // A gateway asks once for each function, in their order.
  return [status = std::move(status), sites, functions,
          next = size_t{0}](const auto& indices) mutable {
    return std::make_unique<program_policy>(
      status, functions[next++ % functions.size()], sites, indices);
  };
}

} // namespace faas::sim
