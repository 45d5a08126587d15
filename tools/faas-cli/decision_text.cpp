#include "tools/faas-cli/decision_text.hpp"

#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/views.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <map>

namespace faas::cli {
namespace {

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

double total_of(const json& row) {
  return number_at(row, "total_ms");
}

/// With the waits that it causes for later events.
double whole_of(const json& row) {
  return total_of(row) + number_at(row, "imposed_ms");
}

/// Whether no site that was looked at has a smaller one. Logged numbers are
/// rounded: those that are hardly smaller do not count.
bool least(const json& decision, const json& row,
           double (*number)(const json&)) {
  constexpr double rounding = 1.002;
  for (const auto& other : list_in(part(decision, "sites"), "sites"))
    if (flag_at(other, "considered") && number(other) * rounding < number(row))
      return false;
  return true;
}

bool any_imposes(const json& decision) {
  for (const auto& row : list_in(part(decision, "sites"), "sites"))
    if (number_at(row, "imposed_ms") > 0)
      return true;
  return false;
}

/// Policies differ in how much they mind what is imposed, so that the numbers
/// tell what it was the best by.
std::string best_text(const json& d) {
  const auto& mine = row_of(d, text_at(d, "chosen"));
  const bool by_total = least(d, mine, total_of);
  const bool imposes = any_imposes(d);
  if (imposes && least(d, mine, whole_of))
    return by_total ? "it had the smallest predicted total, also with the waits "
                      "that it imposes on later events"
                    : "its predicted total and the waits that it imposes on "
                      "later events are the smallest together";
  if (by_total)
    return "it had the smallest predicted total";
  return "by the policy's parameters it was the best, or nearly so";
}

std::string reason_text(const json& d) {
  static const std::map<std::string, const char*, std::less<>> texts{
    {"no-candidate", "no site could take it"},
    {"only-candidate", "no other site could take it"},
    {"explored", "to learn (exploration), not because it came first"},
    {"fixed", "the policy allows this site only"},
    {"fallback", "the policy's own site was not available"},
    {"random", "by lot"},
    {"round-robin", "it was its turn"},
    {"ranked", "it came first in the policy's own order, which is not that of "
               "the totals below"},
    {"cheapest", "of the sites that are sure enough to meet the deadline it "
                 "costs least, or imposes least on later events where costs are "
                 "alike; sites where it would wait for long come last"},
    {"likeliest",
     "no site is sure enough to meet the deadline; this one most likely"},
    {"sticky", "events with this key go there"},
    {"refused", "no site was likely to answer in time"},
    {"hedged", "as a second start; the first site had not answered yet, and the "
               "first answer counts"}};
  const auto reason = text_at(d, "reason");
  if (reason == "best")
    return best_text(d);
  const auto found = texts.find(reason);
  return found != texts.end() ? found->second : printable(reason);
}

/// "4 ms slower"
std::string gap_text(double mine, double others) {
  const double gap = others - mine;
  return gap >= 0 ? ms(gap) + " slower" : ms(-gap) + " faster";
}

std::string runner_up_text(const json& d, const json& mine) {
  const auto name = text_at(d, "runner_up");
  if (name.empty())
    return {};
  const auto& other = row_of(d, name);
  const auto pair = [](double a, double b) {
    return ms(a) + " against " + ms(b);
  };
  auto text = "Runner-up " + printable(name) + ": "
              + gap_text(total_of(mine), total_of(other)) + " on paper ("
              + pair(total_of(mine), total_of(other)) + ")";
  if (text_at(d, "reason") == "best" && any_imposes(d))
    text += "; with what is imposed on later events "
            + gap_text(whole_of(mine), whole_of(other)) + " ("
            + pair(whole_of(mine), whole_of(other)) + ")";
  return text + ".\n";
}

std::string propensity_text(const json& d) {
  const double propensity = number_at(d, "propensity");
  if (propensity >= 1)
    return "No lot was drawn: the policy chooses so each time.\n";
  if (!(propensity > 0))
    return "With what probability the policy chooses so is not known.\n";
  return "The policy chooses so with probability " + short_number(propensity)
         + " (propensity).\n";
}

/// What was predicted where the event would have been answered first, against
/// the time that it had.
std::string best_against_deadline(const json& d) {
  const auto* best = best_of(d);
  if (best == nullptr)
    return {};
  const double left = number_at(d, "deadline_ms");
  const double over = total_of(*best) - left;
  auto text = "Best on paper: " + printable(text_at(*best, "site")) + " with "
              + ms(total_of(*best)) + " +/- "
              + ms(number_at(*best, "deviation_ms"));
  if (left > 0)
    text += over > 0 ? ", " + ms(over) + " more than were left"
                     : " of the " + ms(left) + ": not sure enough";
  return text + ".\n";
}

/// Nothing was chosen, so no site has seen the event.
std::string none_chosen_text(const json& d) {
  const auto policy = "Policy " + printable(text_at(d, "policy"));
  if (text_at(d, "reason") != "refused")
    return policy + " chose no site: " + reason_text(d) + ".\n";
  const double left = number_at(d, "deadline_ms");
  return policy + " refused it at once; no site was asked. "
         + (left > 0 ? "None was likely to answer in the " + ms(left)
                         + " that were left.\n"
                     : "Its time was over.\n")
         + best_against_deadline(d);
}

std::string choice_text(const json& d) {
  const auto site = text_at(d, "chosen");
  if (site.empty())
    return none_chosen_text(d);
  const auto& mine = row_of(d, site);
  auto text = "Policy " + printable(text_at(d, "policy")) + " chose "
              + printable(site) + ": " + reason_text(d) + ".\n"
              + runner_up_text(d, mine) + propensity_text(d);
  const auto* best = best_of(d);
  if (best != nullptr && best != &mine && text_at(d, "reason") == "explored")
    text += "What it cost on paper: " + ms(total_of(mine) - total_of(*best))
            + " more than " + printable(text_at(*best, "site")) + ".\n";
  return text;
}

std::string note_of(const json& d, const json& row) {
  const auto chosen = text_at(d, "chosen");
  const auto site = text_at(row, "site");
  if (chosen.empty()) // logs of releases before have a runner-up all the same
    return &row == best_of(d) ? "best on paper" : "";
  return site == chosen                  ? "chosen"
         : site == text_at(d, "runner_up") ? "runner-up"
                                           : "";
}

std::string candidates_text(const json& d) {
  table t{{"Site", ">Total ms", ">Network", ">Queue", ">Service", ">Cold",
           ">Overdue", ">+/-", ">Doubt", ">Imposed", ">In flight", "Note"}};
  for (const auto& row : list_in(part(d, "sites"), "sites")) {
    const auto site = text_at(row, "site");
    if (!flag_at(row, "considered")) {
      t.row({site, "", "", "", "", "", "", "", "", "", "",
             "no candidate: it did not answer, or was tried before"});
      continue;
    }
    const auto number = [&](const char* key) {
      return short_number(number_at(row, key));
    };
    t.row({site, number("total_ms"), number("network_ms"), number("queue_ms"),
           number("service_ms"), number("cold_ms"), number("overdue_ms"),
           number("deviation_ms"), number("doubt_ms"), number("imposed_ms"),
           number("in_flight"), note_of(d, row)});
  }
  return t.to_string();
}

/// The log does not keep how far the 90 % interval reached, so that it says
/// nothing of that.
std::string error_text(const json& d) {
  const auto& row = row_of(d, text_at(d, "chosen"));
  const double predicted = total_of(row);
  const double deviation = number_at(row, "deviation_ms");
  const double took = number_at(part(d, "outcome"), "total_ms");
  if (!(predicted > 0) || !(took > 0))
    return {};
  const double off = std::abs(took - predicted);
  std::string text = "Predicted: " + ms(predicted) + ", "
                     + percent(off / took)
                     + (predicted < took ? " too low" : " too high");
  if (deviation > 0)
    text += ", within " + short_number(off / deviation)
            + " standard deviations of the prediction";
  return text + ".\n";
}

std::string outcome_text(const json& d) {
  const auto& o = part(d, "outcome");
  const auto ending = text_at(o, "ending");
  const auto status = std::to_string(static_cast<int>(number_at(o, "status")));
  const auto took = ms(number_at(o, "total_ms"));
  std::string text;
  if (ending == "refused" && text_at(d, "chosen").empty())
    text = "The answer said so (status " + status + ").\n";
  else if (ending == "refused")
    text = "The site refused it after " + took + " (status " + status + ").\n";
  else if (ending == "lost")
    text = "The site vanished with it after " + took + ".\n";
  else if (ending == "timed_out")
    text = "No answer came within " + took + ".\n";
  else if (ending == "beaten")
    text = "After " + took + " another start of it had answered; this one was told "
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
    const auto site = text_at(d, "chosen");
    const auto& row = row_of(d, site);
    const double propensity = number_at(d, "propensity");
    const auto of_a_site = [&](const json& from) {
      return site.empty() ? "-" : short_number(total_of(from));
    };
    t.row({text_at(d, "call"), text_at(d, "time"),
           text_at(d, "function") + ":"
             + short_number(number_at(d, "version")),
           site.empty() ? "-" : site, of_a_site(row), of_a_site(o),
           text_at(d, "reason"),
           propensity > 0 ? short_number(propensity) : "-",
           text_at(o, "ending")});
  }
  return t.to_string();
}

} // namespace faas::cli
