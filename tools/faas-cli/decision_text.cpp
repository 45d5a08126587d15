#include "tools/faas-cli/decision_text.hpp"

#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/views.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace faas::cli {
namespace {

/// Half the width of a 90 % interval, in standard deviations.
constexpr double two_sided_90 = 1.645;

std::string ms(double value) {
  return short_number(value) + " ms";
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, share < 0.0995 ? "%.1f %%" : "%.0f %%",
                100 * share);
  return text;
}

const json& part(const json& of, const char* key) {
  static const json none = json::object();
  const auto found = of.is_object() ? of.find(key) : of.end();
  return of.is_object() && found != of.end() ? *found : none;
}

/// The row of that site; an empty object when there is none.
const json& row_of(const json& decision, const std::string& site) {
  static const json none = json::object();
  for (const auto& row : list_in(part(decision, "sites"), "sites"))
    if (text_at(row, "site") == site)
      return row;
  return none;
}

const json* best_of(const json& decision) {
  const json* best = nullptr;
  for (const auto& row : list_in(part(decision, "sites"), "sites"))
    if (flag_at(row, "considered")
        && (best == nullptr
            || number_at(row, "total_ms") < number_at(*best, "total_ms")))
      best = &row;
  return best;
}

std::string reason_text(const std::string& reason) {
  if (reason == "best")
    return "it had the smallest predicted latency";
  if (reason == "explored")
    return "to learn (exploration); it was not the best on paper";
  if (reason == "only-candidate")
    return "no other site could take it";
  if (reason == "fixed")
    return "the policy allows this site only";
  if (reason == "fallback")
    return "the policy's own site was not available";
  if (reason == "random")
    return "by lot";
  if (reason == "round-robin")
    return "it was its turn";
  if (reason == "cheapest")
    return "it costs least among those that meet the deadline";
  if (reason == "likeliest")
    return "no site is sure enough to meet the deadline; this one most likely";
  if (reason == "sticky")
    return "events with this key go there";
  if (reason == "refused")
    return "no site can meet the deadline";
  return printable(reason);
}

std::string choice_text(const json& d) {
  const auto site = text_at(d, "chosen");
  auto text = "Policy " + printable(text_at(d, "policy")) + " chose "
              + printable(site) + ": " + reason_text(text_at(d, "reason"))
              + ".\n";
  const auto other = text_at(d, "runner_up");
  const double mine = number_at(row_of(d, site), "total_ms");
  if (!other.empty()) {
    const double gap = number_at(row_of(d, other), "total_ms") - mine;
    text += "Runner-up " + printable(other) + ": "
            + (gap >= 0 ? ms(gap) + " slower" : ms(-gap) + " faster")
            + " on paper (" + ms(mine) + " against " + ms(mine + gap) + ").\n";
  }
  const double propensity = number_at(d, "propensity");
  text += propensity >= 1
            ? "No lot was drawn: the policy chooses so each time.\n"
            : "The policy chooses so with probability "
                + short_number(propensity) + " (propensity).\n";
  const auto* best = best_of(d);
  if (best != nullptr && text_at(d, "reason") == "explored")
    text += "What it cost on paper: "
            + ms(mine - number_at(*best, "total_ms")) + " more than "
            + printable(text_at(*best, "site")) + ".\n";
  return text;
}

std::string candidates_text(const json& d) {
  table t{{"Site", ">Total ms", ">Network", ">Queue", ">Service", ">Cold",
           ">Overdue", ">+/-", ">Doubt", ">In flight", "Note"}};
  for (const auto& row : list_in(part(d, "sites"), "sites")) {
    const auto site = text_at(row, "site");
    if (!flag_at(row, "considered")) {
      t.row({site, "", "", "", "", "", "", "", "", "",
             "no candidate: it did not answer, or was tried before"});
      continue;
    }
    const auto number = [&](const char* key) {
      return short_number(number_at(row, key));
    };
    t.row({site, number("total_ms"), number("network_ms"), number("queue_ms"),
           number("service_ms"), number("cold_ms"), number("overdue_ms"),
           number("deviation_ms"), number("doubt_ms"), number("in_flight"),
           site == text_at(d, "chosen")      ? "chosen"
           : site == text_at(d, "runner_up") ? "runner-up"
                                             : ""});
  }
  return t.to_string();
}

/// Inside the 90 % interval of the log-normal with this mean and deviation, as
/// the gateway counts it.
bool covered(double predicted, double deviation, double took) {
  const double share = deviation / predicted;
  const double log_var = std::log1p(share * share);
  return std::abs(std::log(took / predicted) + log_var / 2)
         <= two_sided_90 * std::sqrt(log_var);
}

std::string error_text(const json& d) {
  const auto& row = row_of(d, text_at(d, "chosen"));
  const double predicted = number_at(row, "total_ms");
  const double deviation = number_at(row, "deviation_ms");
  const double took = number_at(part(d, "outcome"), "total_ms");
  if (!(predicted > 0) || !(took > 0))
    return {};
  std::string text = "Predicted: " + ms(predicted) + ", "
                     + percent(std::abs(took - predicted) / took)
                     + (predicted < took ? " too low" : " too high");
  if (deviation > 0)
    text += ", "
            + short_number(std::abs(took - predicted) / deviation)
            + " standard deviations; "
            + (covered(predicted, deviation, took) ? "inside" : "outside of")
            + " the 90 % interval";
  return text + ".\n";
}

std::string outcome_text(const json& d) {
  const auto& o = part(d, "outcome");
  const auto ending = text_at(o, "ending");
  const auto status = std::to_string(static_cast<int>(number_at(o, "status")));
  const auto took = ms(number_at(o, "total_ms"));
  std::string text;
  if (ending == "refused")
    text = "The site refused it after " + took + " (status " + status + ").\n";
  else if (ending == "lost")
    text = "The site vanished with it after " + took + ".\n";
  else if (ending == "timed_out")
    text = "No answer came within " + took + ".\n";
  else if (ending == "beaten")
    text = "After " + took + " a second site had answered; this one was told "
           "to stop.\n";
  else
    text = "It took " + took + ": network "
           + short_number(number_at(o, "network_ms")) + ", queue "
           + short_number(number_at(o, "queue_ms")) + ", service "
           + short_number(number_at(o, "service_ms")) + ", cold "
           + short_number(number_at(o, "cold_ms")) + " ("
           + (ending == "failed" ? "failed, " : "") + "status " + status
           + ", start " + printable(text_at(o, "start")) + ").\n"
           + error_text(d);
  if (flag_at(o, "went_on"))
    text += "It went on to another site.\n";
  return text;
}

} // namespace

std::string decision_text(const json& call) {
  const auto& attempts = list_in(part(call, "attempts"), "attempts");
  std::string text = "Call " + printable(text_at(call, "call")) + "\n";
  if (const auto node = text_at(call, "node"); !node.empty())
    text += "Another node took it: " + printable(node) + "\n";
  for (const auto& d : attempts) {
    text += "\n";
    if (attempts.size() > 1 || number_at(d, "attempt") > 1)
      text += "Attempt " + short_number(number_at(d, "attempt")) + "\n";
    text += printable(text_at(d, "function")) + " version "
            + short_number(number_at(d, "version")) + ", "
            + printable(text_at(d, "time")) + ", "
            + short_bytes(number_at(d, "bytes"));
    if (number_at(d, "size") > 0)
      text += ", size " + short_number(number_at(d, "size"));
    if (number_at(d, "deadline_ms") > 0)
      text += ", deadline in " + ms(number_at(d, "deadline_ms"));
    text += "\n" + choice_text(d) + "\n" + candidates_text(d) + "\n"
            + outcome_text(d);
    if (number_at(d, "logged") < 1)
      text += "Events like this are logged with probability "
              + short_number(number_at(d, "logged")) + ".\n";
  }
  return text;
}

std::string decision_table(const json& decisions) {
  table t{{"Call", "Time", "Function", "Site", ">Predicted ms", ">Took",
           "Reason", ">Propensity", "Ending"}};
  for (const auto& d : list_in(decisions, "decisions")) {
    const auto& o = part(d, "outcome");
    const auto& row = row_of(d, text_at(d, "chosen"));
    t.row({text_at(d, "call"), text_at(d, "time"),
           text_at(d, "function") + ":"
             + short_number(number_at(d, "version")),
           text_at(d, "chosen"), short_number(number_at(row, "total_ms")),
           short_number(number_at(o, "total_ms")), text_at(d, "reason"),
           short_number(number_at(d, "propensity")), text_at(o, "ending")});
  }
  return t.to_string();
}

} // namespace faas::cli
