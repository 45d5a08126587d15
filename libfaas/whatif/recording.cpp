#include "libfaas/whatif/recording.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace faas::whatif {
namespace {

using decisions::ending;
using decisions::record;

constexpr double most_not_run = 0.1; ///< share of the events
constexpr double most_other_policy = 0.05;

error refused(std::string what, std::string next) {
  return {errc::invalid_argument, std::move(what), std::move(next)};
}

bool ran(ending how) noexcept {
  return how == ending::ok || how == ending::failed;
}

bool usable(const record& one) noexcept {
  const auto good = [](double value) {
    return std::isfinite(value) && value >= 0;
  };
  return good(one.size) && good(one.bytes) && good(one.total_ms)
         && good(one.queue_ms) && good(one.service_ms) && good(one.cold_ms)
         && one.logged > 0 && one.logged <= 1;
}

/// Position of that text; added when it is new.
uint32_t place(std::vector<std::string>& in, const std::string& text) {
  const auto found = std::find(in.begin(), in.end(), text);
  if (found != in.end())
    return static_cast<uint32_t>(found - in.begin());
  in.push_back(text);
  return static_cast<uint32_t>(in.size() - 1);
}

/// By function: how often which policy; all sites that it had.
struct habits {
  std::vector<std::map<std::string, size_t>> policies;
  std::vector<std::set<std::string>> sites;
};

result<habits> look(const std::vector<record>& log, recording& to) {
  habits made;
  for (const auto& one : log) {
    const auto function = place(to.functions, one.of->function);
    made.policies.resize(to.functions.size());
    made.sites.resize(to.functions.size());
    ++made.policies[function][one.of->policy];
    made.sites[function].insert(one.of->sites.begin(), one.of->sites.end());
    for (const auto& site : one.of->sites)
      place(to.sites, site);
  }
  for (size_t i = 0; i < made.sites.size(); ++i)
    if (made.sites[i].size() != to.sites.size())
      return refused("the functions of this log run at different sites, which "
                     "one world does not have",
                     "ask for one: --function " + to.functions[i]);
  return made;
}

result<void> name_policies(const habits& of, recording& to) {
  for (size_t i = 0; i < of.policies.size(); ++i) {
    size_t all = 0;
    auto most = of.policies[i].begin();
    for (auto it = of.policies[i].begin(); it != of.policies[i].end(); ++it) {
      all += it->second;
      if (it->second > most->second)
        most = it;
    }
    const auto others = static_cast<double>(all - most->second);
    if (others > most_other_policy * static_cast<double>(all))
      return refused("the log has several policies for " + to.functions[i]
                       + ", so that no single one can be played as it was",
                     "cut it at the change: faas-cli decisions --export");
    to.policies.push_back(most->first);
  }
  return {};
}

seen_event event_of(const record& one, recording& to, int64_t begin_us) {
  seen_event made;
  made.at = static_cast<double>(one.at_us - begin_us) / 1000;
  made.size = one.size;
  made.bytes = one.bytes;
  made.weight = 1 / one.logged;
  made.function = place(to.functions, one.of->function);
  return made;
}

void add_outcome(seen_event& to, const record& one, recording& all,
                 int64_t begin_us) {
  const auto sent = static_cast<double>(one.at_us - begin_us) / 1000;
  to.latency = sent - to.at + one.total_ms;
  to.answered = ran(one.how) && one.chosen < one.of->sites.size();
  to.site = one.chosen < one.of->sites.size()
              ? place(all.sites, one.of->sites[one.chosen])
              : no_site;
  to.network = one.network_ms();
  to.queue = one.queue_ms;
  to.service = one.service_ms;
  to.cold = one.cold_ms;
}

void add_said(const record& one, recording& to) {
  const auto first = to.said.size();
  to.said.resize(first + to.sites.size());
  for (size_t i = 0; i < one.sites.size() && i < one.of->sites.size(); ++i) {
    auto& site = to.said[first + place(to.sites, one.of->sites[i])];
    site.considered = one.sites[i].considered;
    site.service = one.sites[i].service;
    site.network = one.sites[i].network;
  }
}

/// `log` by time.
void add_all(const std::vector<record>& log, recording& to) {
  const auto begin = log.front().at_us;
  std::map<call_id, size_t> open; ///< that went on
  for (const auto& one : log) {
    const auto before = one.attempt > 1 ? open.find(one.id) : open.end();
    const auto number
      = before != open.end() ? before->second : to.events.size();
    if (before == open.end()) {
      to.events.push_back(event_of(one, to, begin));
      add_said(one, to);
      to.sampled = to.sampled || one.logged < 1;
    } else
      ++to.again;
    add_outcome(to.events[number], one, to, begin);
    if (one.went_on)
      open[one.id] = number;
  }
}

} // namespace

result<recording> recording_of(std::vector<record> log,
                         const std::string& function) {
  if (!function.empty())
    std::erase_if(log, [&](const record& one) {
      return one.of->function != function;
    });
  if (log.empty())
    return refused(function.empty() ? "there are no decisions in it"
                                    : "there are no decisions of " + function
                                        + " in it",
                   "faas-cli decisions shows what a node has");
  for (const auto& one : log)
    if (!usable(one))
      return refused("a decision has times, sizes or probabilities that are "
                     "none: this log is damaged",
                     "export it again: faas-cli decisions --export");
  std::stable_sort(log.begin(), log.end(), [](const auto& a, const auto& b) {
    return a.at_us < b.at_us;
  });
  recording made;
  const auto known = look(log, made);
  if (!known)
    return known.error();
  if (auto named = name_policies(*known, made); !named)
    return named.error();
  add_all(log, made);
  for (const auto& one : made.events)
    made.not_run += !one.answered;
  made.length_ms = made.events.back().at + 1;
  if (static_cast<double>(made.not_run)
      > most_not_run * static_cast<double>(made.events.size()))
    return refused(std::to_string(made.not_run) + " of "
                     + std::to_string(made.events.size())
                     + " events were refused, lost or timed out; the model has "
                       "none of these",
                   "use a log of a quieter time");
  return made;
}

} // namespace faas::whatif
