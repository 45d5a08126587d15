"""docs/results/routing.md and its pictures."""
import math
import statistics

import beginnings
import revision
import study_plots as plots

OURS = "min-latency"
UNMOVED = """\
The scenarios have no site that joins events, so *batches* shows nothing here: where one does, the
mean is 44.7 ± 1.0 ms without and 39.3 ± 0.5 with (`examples/scenarios/batching-gpu.yml`, 10 seeds).
All functions' profiles are told here, so *one-by-one* shows nothing, and *tiers* little: see below.
*quantiles* (conformal) moves no choice of min-latency; deadlines and second starts go by them. What
it is worth is in the last columns: the shares of events that are in their 90 % interval and whose
95 % promise is kept, least and most by scenario."""


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
         "p99 ms", "p99 informed", "p99 farsighted"],
        [[name, f"{100 * of[OURS]['near_best'][0]:.1f}",
          f"{100 * of[OURS]['coverage'][0]:.1f}",
          f"{100 * of[OURS]['kept'][0]:.1f}",
          f"{100 * of[OURS]['explored'][0]:.2f}",
          *(f"{of[p]['p99_ms'][0]:.0f}" for p in (OURS, "informed",
                                                  "farsighted"))]
         for name, of in part["scenarios"].items()])


def share_range(part, policy, what):
    """Of a share over the scenarios, in per cent."""
    all_of = [100 * of[policy][what][0] for of in part["scenarios"].values()]
    return f"{min(all_of):.1f} - {max(all_of):.1f}"


def ablations(study):
    part = study["ablation"]
    rows = sorted((row for row in part["rows"] if row["policy"] != OURS),
                  key=lambda row: -row["mean_ms_over_ours"][0])
    made = [["(nothing)", "as shipped", "", "", "",
             share_range(part, OURS, "coverage"),
             share_range(part, OURS, "kept")]]
    made += [[row["policy"].split("/no-")[1],
              study["parts"][row["policy"].split("/no-")[1]],
              plus_minus(row["mean_ms_over_ours"], 2, True),
              plus_minus(row["regret_ms_over_ours"], 2, True),
              plus_minus(row["p99_ms_over_ours"], 1, True),
              share_range(part, row["policy"], "coverage"),
              share_range(part, row["policy"], "kept")] for row in rows]
    return table(
        ["without", "what it is", "mean latency", "regret", "p99",
         "in 90 % interval, %", "promises kept, %"], made)


def at_the_begin(study):
    """Parts that make a difference there, and how many do not."""
    told = [row for row in study["beginnings"]
            if abs(row["over"][0]) > row["over"][1]]
    told.sort(key=lambda row: -row["over"][0])
    rest = len(study["beginnings"]) - len(told)
    return table(
        ["without", "mean latency, %", "worlds worse", "worlds better"],
        [[row["policy"].split("/no-")[1], plus_minus(row["over"], 1, True),
          str(row["worse"]), str(row["better"])] for row in told]) + (
              f"\n\nThe other {rest} are not told from nothing.")


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


def best_rivals(study, part, key):
    """By scenario: ours, the best rival with its own, and ours less that, paired
    by seed where the figures of the seeds were kept."""
    for name, of in sorted(part["scenarios"].items()):
        kept = part.get("beside", {}).get(name)
        best = kept[key]["rival"] if kept else min(
            study["rivals"], key=lambda p: of[p][key][0])
        ours, theirs = of[OURS][key], of[best][key]
        yield name, ours, best, theirs, kept[key]["over"] if kept else (
            ours[0] - theirs[0], math.hypot(ours[1], theirs[1]))


def beside_best(study):
    part = study["evaluation"]
    rows = []
    for regret, mean in zip(best_rivals(study, part, "regret_ms"),
                            best_rivals(study, part, "mean_ms")):
        rows.append([regret[0]])
        for _, ours, best, theirs, over in (regret, mean):
            rows[-1] += [plus_minus(ours), f"{plots.short(best)} "
                         f"{theirs[0]:.2f}", plus_minus(over, sign=True)]
    how = ("paired by seed" if part.get("beside") else
           "as of independent runs: this file has no figures by seed")
    return (f"Ours beside the best rival of each scenario (differences {how}; "
            "the best of so many is a little lucky):\n\n" + table(
                ["scenario", "regret ms", "best rival", "ours less that",
                 "mean latency ms", "best rival", "ours less that"], rows))


def beyond(ours, best):
    """Breaks what was promised for the scenarios."""
    return ours > max(1.2 * best, best + 1)


def world_rows(study):
    """By world: what it is, and how far off; ordered by regret."""
    part = study["held_out"]
    rows = []
    for name, ours, best, theirs, over in best_rivals(study, part,
                                                      "regret_ms"):
        own = part["scenarios"][name][OURS]
        rows.append({"name": name, "load": part["loads"][name], "ours": ours,
                     "best": best, "theirs": theirs, "over": over,
                     "beyond": beyond(ours[0], theirs[0]),
                     "coverage": own["coverage"][0], "kept": own["kept"][0]})
    return sorted(rows, key=lambda row: -row["ours"][0])


def world_words(study):
    """What a reader should know of the worlds before the table."""
    rows = world_rows(study)
    full = [row for row in rows if row["load"][1] > 1]
    calm = [row for row in rows if row["load"][1] <= 1]
    means = {row["policy"]: row for row in study["held_out"]["rows"]}
    best = min(study["rivals"], key=lambda p: means[p]["regret_ms"][0])
    worst = rows[0]
    share = worst["ours"][0] / sum(row["ours"][0] for row in rows)
    lines = [
        f"- **Regret.** {sum(row['beyond'] for row in rows)} of {len(rows)} "
        "worlds break what was promised for the scenarios (at most 1.2 times "
        "the best rival's, or 1 ms over it), "
        f"{sum(row['beyond'] for row in calm)} of them among the {len(calm)} "
        "that are never overloaded. Over all, ours is "
        f"{plus_minus(means[OURS]['regret_ms'])} ms, the least of a rival "
        f"({plots.short(best)}) {plus_minus(means[best]['regret_ms'])}; "
        f"{share:.0%} of ours is of {worst['name']}."]
    if calm:
        own = statistics.fmean(row["ours"][0] for row in calm)
        least = min((statistics.fmean(study["held_out"]["scenarios"][
            row["name"]][p]["regret_ms"][0] for row in calm), p)
            for p in study["rivals"])
        lines.append(
            f"- **Never overloaded** ({len(calm)} worlds): mean regret "
            f"{own:.1f} ms, the least of a rival over the same worlds "
            f"({plots.short(least[1])}) {least[0]:.1f}.")
    for key, what in (("coverage", "90 % intervals hold"),
                      ("kept", "95 % promises are kept in")):
        low = min(rows, key=lambda row: row[key])
        lines.append(
            f"- **{what}** {100 * statistics.median(r[key] for r in rows):.1f} "
            f"% of the events in the median world, "
            f"{100 * low[key]:.1f} % in the worst, {low['name']}.")
    if full:
        lines.append(
            "- **Overloaded** at times (more events than all sites and links "
            "together can take): " + "; ".join(
                f"{row['name']}, load {row['load'][0]:.2f} in the mean and "
                f"{row['load'][1]:.2f} at most, regret {row['ours'][0]:.0f} ms, "
                f"{100 * row['coverage']:.0f} % inside, "
                f"{100 * row['kept']:.0f} % kept" for row in full)
            + ". Queues grow there for as long as it lasts, so that what an "
            "event will take hangs on those before it. The simulator's sites "
            "refuse nothing in these worlds.")
    return "\n".join(lines)


def world_table(study):
    return table(
        ["world", "load, mean", "most", "regret ms", "best rival",
         "ours less that", "promise", "in 90 % interval", "promises kept %"],
        [[row["name"], f"{row['load'][0]:.2f}", f"{row['load'][1]:.2f}",
          plus_minus(row["ours"]),
          f"{plots.short(row['best'])} {row['theirs'][0]:.2f}",
          plus_minus(row["over"], sign=True),
          "**missed**" if row["beyond"] else "kept",
          f"{100 * row['coverage']:.1f}", f"{100 * row['kept']:.1f}"]
         for row in world_rows(study)])


def text(study):
    machine = study["machine"]
    wins, worlds, worst = held_out_wins(study)
    shown = [p for p in study["shown"] if p != "clairvoyant"]
    checks = table(["promise", "holds", "seen"],
                   [[c["what"], "yes" if c["holds"] else "**no**", c["seen"]]
                    for c in study["checks"]])
    return f"""# Routing under disturbances, in the simulator

`tools/experiments routing --seed {study['seed']}` ({study['seconds']} s on
{machine['cores']} cores, {machine['platform']}; {revision.words(study)}). Everything here is virtual time: the
product's predictor and policies on modelled sites and links
([docs/simulator.md](../simulator.md)); what is emulated is said there. All figures:
[routing.json](routing.json).

*Regret*: expected time at the chosen site beyond that at the myopic clairvoyant's choice,
by the true state at that moment. It can be beaten in mean latency, since it is greedy, so
both are given. *informed*: knows every law (mean times, disturbances as they come, all
gateways' events), but not the draws; greedy, too. *farsighted*: knows the same, and adds
what an event makes later ones wait (Whittle's index for routing by the true laws), and lets
an event bear its share only of a cold start: a heuristic, within 1 % of the optimum where that was computed, and no bound. These three
are references: nobody is ranked against them. ±: 95 % interval over {study['seeds']} seeds,
of differences paired by seed.

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

{by_scenario(study['evaluation'], shown, 'regret_ms', 2)}

Mean latency, ms:

{by_scenario(study['evaluation'], shown, 'mean_ms')}

99th percentile, ms:

{by_scenario(study['evaluation'], shown, 'p99_ms', 0)}

(* tuned like the others.)

{beside_best(study)}

Of min-latency as shipped:

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

How far predictions and choices of min-latency as shipped hold there. *Load*: events over what
all sites together can take, through their links and on their servers (`worlds.load`), without
the warm-up.

{world_words(study)}

{world_table(study)}

## What each part is worth

![ablation](routing-ablation.svg)

min-latency as shipped without a part, over it with all, ms over all scenarios:

{ablations(study)}

{UNMOVED}

### While nothing is known

The same in {beginnings.COUNT} other worlds drawn at random, whose function nobody has told of (`told: false`), from the first event
on for {beginnings.SECONDS} s: mean latency over that with all, by geometric mean over the worlds ({beginnings.SEEDS} seeds each), and in how many it is
worse, or better, with an interval that leaves out zero. In functions whose time is nearly all fixed the fit of first events
(*one-by-one*) foretells more after two of them; it moves no choice here, and some worse ones in [stoic-draws.md](stoic-draws.md).
So it is off.

{at_the_begin(study)}

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
