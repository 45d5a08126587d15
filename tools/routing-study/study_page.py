"""docs/results/routing.md and its pictures."""
import math
import statistics

import study_plots as plots

OURS = "min-latency"


def label(policy):
    name = plots.short(policy)
    if policy == OURS:
        return "**min-latency** (as shipped)"
    if name == OURS:
        return "min-latency, tuned like the others"
    return name


def plus_minus(pair, digits=2, sign=False):
    mean, half = pair
    if abs(mean) >= 1000:
        digits = 0
    return (f"{mean:+.{digits}f}" if sign else f"{mean:.{digits}f}"
            ) + f" ± {half:.{digits}f}"


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |",
             "|" + "---|" + "---:|" * (len(heads) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def overall(part):
    rows = sorted(part["rows"], key=lambda row: row["regret_ms"][0])
    return table(
        ["way", "mean regret ms", "over ours", "mean latency ms", "over ours",
         "p99 ms"],
        [[label(row["policy"]), plus_minus(row["regret_ms"]),
          plus_minus(row["regret_ms_over_ours"], sign=True)
          if row["policy"] != OURS else "",
          plus_minus(row["mean_ms"], 1),
          plus_minus(row["mean_ms_over_ours"], 1, True)
          if row["policy"] != OURS else "",
          plus_minus(row["p99_ms"], 0)] for row in rows])


def by_scenario(part, policies, key, digits=1):
    return table(
        ["scenario"] + [plots.short(p) + ("*" if p != OURS and
                                          plots.short(p) == OURS else "")
                        for p in policies],
        [[name] + [f"{of[p][key][0]:.{digits}f}" if of[p][key][0] < 1000
                   else "> 1000" for p in policies]
         for name, of in sorted(part["scenarios"].items())])


def settings(study):
    return table(
        ["policy", "settings tried", "standard", "best", "setting"],
        [[name, str(of["tried"]), f"{of['standard_ms']:.2f}",
          f"{of['regret_ms']:.2f}",
          "`" + of["setting"] + "`"] for name, of in study["tuned"].items()])


def adaptation(study):
    names = {"50000": "edge x3", "80000": "edge back", "110000": "cloud +80 ms",
             "140000": "cloud back", "160000": "cloud 1/5 bandwidth",
             "180000": "bandwidth back"}
    policies = [p for p in study["shown"] if p not in ("clairvoyant",)]
    return table(
        ["way"] + [names.get(at, at) for at in study["steps"]],
        [[label(p)] + [f"{of[p]['after_ms'][0] / 1000:.1f} s, "
                       f"{of[p]['transient_ms'][0] / 1000:.1f} s"
                       for of in study["steps"].values()] for p in policies])


def near_best(study):
    part = study["evaluation"]
    return table(
        ["scenario", "near best %", "in 90 % interval",
         "promises kept %", "explored %",
         "p99 ms", "p99 informed"],
        [[name, f"{100 * of[OURS]['near_best'][0]:.1f}",
          f"{100 * of[OURS]['coverage'][0]:.1f}",
          f"{100 * of[OURS]['kept'][0]:.1f}",
          f"{100 * of[OURS]['explored'][0]:.2f}",
          f"{of[OURS]['p99_ms'][0]:.0f}", f"{of['informed']['p99_ms'][0]:.0f}"]
         for name, of in part["scenarios"].items()])


def ablations(study):
    rows = sorted((row for row in study["ablation"]["rows"]
                   if row["policy"] != OURS),
                  key=lambda row: -row["mean_ms_over_ours"][0])
    return table(
        ["without", "what it is", "mean latency", "regret", "p99"],
        [[row["policy"].split("/no-")[1],
          study["parts"][row["policy"].split("/no-")[1]],
          plus_minus(row["mean_ms_over_ours"], 2, True),
          plus_minus(row["regret_ms_over_ours"], 2, True),
          plus_minus(row["p99_ms_over_ours"], 1, True)] for row in rows])


def by_worlds(study):
    """Over the worlds by their ratios, so that no overloaded one rules."""
    part = study["held_out"]["scenarios"]
    rows = []
    for policy in study["shown"]:
        ratios = sorted(of[policy]["mean_ms"][0] / of[OURS]["mean_ms"][0]
                        for of in part.values())
        rows.append((math.exp(statistics.fmean(map(math.log, ratios))),
                     ratios, policy))
    rows.sort()
    return table(
        ["way", "geometric mean", "least", "median", "most"],
        [[label(policy), f"{mean:.3f}", f"{ratios[0]:.3f}",
          f"{statistics.median(ratios):.3f}", f"{ratios[-1]:.3f}"
          if ratios[-1] < 1000 else "> 1000"] for mean, ratios, policy in rows])


def held_out_wins(study):
    part = study["held_out"]["scenarios"]
    learned = [OURS] + study["rivals"]
    wins = sum(min(learned, key=lambda p: of[p]["mean_ms"][0]) == OURS
               for of in part.values())
    worst = max(of[OURS]["mean_ms"][0]
                / min(of[p]["mean_ms"][0] for p in learned)
                for of in part.values())
    return wins, len(part), worst


def text(study):
    machine = study["machine"]
    wins, worlds, worst = held_out_wins(study)
    shown = [p for p in study["shown"] if p != "clairvoyant"]
    checks = table(["promise", "holds", "seen"],
                   [[c["what"], "yes" if c["holds"] else "**no**", c["seen"]]
                    for c in study["checks"]])
    return f"""# Routing under disturbances, in the simulator

`tools/experiments routing --seed {study['seed']}` ({study['seconds']} s on
{machine['cores']} cores, {machine['platform']}). Everything here is virtual time: the
product's predictor and policies on modelled sites and links
([docs/simulator.md](../simulator.md)); what is emulated is said there. All figures:
[routing.json](routing.json).

*Regret*: expected time at the chosen site beyond that at the myopic clairvoyant's choice,
by the true state at that moment. It can be beaten in mean latency, since it is greedy, so
both are given. *informed*: knows every law (mean times, disturbances as they come, all
gateways' events), but not the draws; greedy, too. ±: 95 % interval over
{study['seeds']} seeds, of differences paired by seed.

## What was promised

{checks}

## Over all {len(study['evaluation']['scenarios'])} scenarios

![mean regret](routing-regret.svg)

{overall(study['evaluation'])}

Mean over the scenarios of `examples/scenarios/routing`, each counted once. Policies that
cannot cope with one of them are ruled by it: see the table by scenario.

## By scenario

![regret by scenario](routing-heat.svg)

Mean regret, ms:

{by_scenario(study['evaluation'], shown, 'regret_ms')}

Mean latency, ms:

{by_scenario(study['evaluation'], shown, 'mean_ms')}

99th percentile, ms:

{by_scenario(study['evaluation'], shown, 'p99_ms', 0)}

(* tuned like the others.) Of min-latency as shipped:

{near_best(study)}

## After a step

![course](routing-course.svg)

Time until 60 events in a row have at most 1.5 times the later mean regret + 1 ms, and the
sum of regret beyond that mean until then (a policy whose later state is bad adapts at
once to it):

{adaptation(study)}

## Worlds that nothing was fitted to

Development looked at the scenarios above. So {worlds} further worlds are drawn at random
(`tools/routing-study/worlds.py`: two to eight sites, one to three gateways, cold starts, quotas,
drift, steps, crashes, bursts), run with the same frozen settings. In {wins} of {worlds} of them
min-latency as shipped has the least mean latency of all learned policies; in the worst of them
{worst:.2f} times the least.

Mean latency over that of min-latency as shipped, by world:

{by_worlds(study)}

In ms, where worlds that are overloaded for a time rule the means:

{overall(study['held_out'])}

## What each part is worth

![ablation](routing-ablation.svg)

min-latency as shipped without a part, over it with all, ms over all scenarios:

{ablations(study)}

## How it was tuned

Each policy got the same budget: its standard setting and {study['budget'] - 1} drawn at
random, on `examples/scenarios/tuning` (other sites, steps, mixes and seeds than the evaluation);
the least mean regret (ms) won and was frozen. min-latency as shipped is in the tables with its
standard setting, too.

{settings(study)}
"""


def files(study):
    by = {plots.short(policy): policy for policy in study["rivals"]}
    lines = [OURS] + [by[name] for name in ("ridge", "c3", "jsq", "ewma",
                                            "peak-ewma")]
    return {
        "routing.md": text(study),
        "routing-heat.svg": plots.heat_map(study),
        "routing-regret.svg": plots.bars(
            study, "regret_ms", "Mean regret over all scenarios, ms",
            "95 % intervals over seeds; log scale."),
        "routing-course.svg": plots.course(study, lines),
        "routing-ablation.svg": plots.ablation(study),
    }
