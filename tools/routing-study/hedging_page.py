"""docs/results/hedging.md and its picture."""
import revision
from deadline_plots import line
from study_page import plus_minus, table
from study_plots import COLOURS, PALE, Picture

OURS, ALWAYS = "hedge 5 %, price 0.5", "two always"
STYLE = {"none": (PALE, ""), OURS: (COLOURS[0], ""),
         "hedge 5 %, price 0": ("#57b894", "5 3"),
         "hedge 20 %, price 0.5": (COLOURS[2], ""),
         ALWAYS: (COLOURS[3], "")}


def percent(pair):
    return f"{100 * pair[0]:.1f}"


def checks(study):
    """What was expected before the first run, and what was seen."""
    loads = list(study["loads"].values())
    low, high = study["loads"]["0.2"], study["loads"]["0.9"]
    cut = 1 - low[OURS]["p99_ms"][0] / low["none"]["p99_ms"][0]

    def harm(of):
        mean, half = of[OURS]["mean_ms_over_plain"]
        return mean - half
    worst = max(study["scenarios"].items(), key=lambda one: harm(one[1]))
    return [
        ("at a fifth of the load the 99th percentile is at most half of that "
         "without", cut >= 0.5, f"{100 * cut:.0f} % less"),
        ("at no load and in no scenario is the mean latency worse (interval "
         "over zero) by more than 2 %",
         all(harm(of) <= 0.02 * of["none"]["mean_ms"][0] for of in
             loads + list(study["scenarios"].values())),
         f"worst scenario: {worst[0]}, "
         + plus_minus(worst[1][OURS]["mean_ms_over_plain"], 2, True) + " ms"),
        ("second starts stay within their share",
         all(of[OURS]["twice"][0] <= 0.051 for of in
             loads + list(study["scenarios"].values())),
         f"most: {100 * max(of[OURS]['twice'][0] for of in loads):.1f} % of "
         "5 %"),
        ("at nine tenths of the load two starts always cost more than they "
         "gain, ours do not",
         high[ALWAYS]["mean_ms"][0] > high["none"]["mean_ms"][0]
         and harm(high) <= 0,
         f"{high[ALWAYS]['mean_ms'][0]:.0f} ms and "
         f"{high[OURS]['mean_ms'][0]:.0f} ms, without "
         f"{high['none']['mean_ms'][0]:.0f} ms"),
    ]


def loads_where(study, better):
    """Of the loads in their order, whether second starts are better there (or
    worse), in the mean, with an interval that leaves out zero."""
    made = []
    for load, of in study["loads"].items():
        mean, half = of[OURS]["mean_ms_over_plain"]
        made.append((load, mean + half < 0 if better else mean - half > 0))
    return made


def pays(study):
    """Up to which load the mean is better, and from which on it is worse, as
    the intervals of all loads tell."""
    good, bad = loads_where(study, True), loads_where(study, False)
    up_to = None
    for load, better in good:
        if not better:
            break
        up_to = load
    worse = [load for load, worse in bad if worse]
    over = study["loads"]
    said = "at no load with an interval under zero" if up_to is None else (
        f"up to {float(up_to):.0%} of the capacity, the highest load up to which "
        "every interval is under zero "
        f"({plus_minus(over[up_to][OURS]['mean_ms_over_plain'], 2, True)} ms)")
    open_ = [f"at {float(load):.0%} it is not told from nothing "
             f"({plus_minus(over[load][OURS]['mean_ms_over_plain'], 2, True)})"
             for (load, better), (_, hurt) in zip(good, bad)
             if not better and not hurt]
    if worse:
        open_.append(f"from {float(worse[0]):.0%} on it is worse "
                     f"({plus_minus(over[worse[0]][OURS]['mean_ms_over_plain'], 2, True)})")
    return "; ".join([said, *open_])


def in_scenarios(study):
    """In how many scenarios the mean is better, and where it is worse."""
    over = {name: of[OURS]["mean_ms_over_plain"]
            for name, of in study["scenarios"].items()}
    better = sum(mean + half < 0 for mean, half in over.values())
    worse = [f"*{name}* ({plus_minus(pair, 2, True)} ms)"
             for name, pair in over.items() if pair[0] - pair[1] > 0]
    return (f"in {better} of {len(over)}, and worse in "
            + (", ".join(worse) or "none"))


def one(of):
    return table(
        ["way", "mean ms", "over none", "p95 ms", "p99 ms", "p99 over none",
         "started twice %", "work of beaten starts %"],
        [[f"**{way}**" if way == OURS else way, plus_minus(row["mean_ms"], 1),
          plus_minus(row["mean_ms_over_plain"], 2, True)
          if way != "none" else "", plus_minus(row["p95_ms"], 1),
          plus_minus(row["p99_ms"], 0),
          plus_minus(row["p99_ms_over_plain"], 1, True)
          if way != "none" else "", percent(row["twice"]),
          percent(row["wasted"])] for way, row in of.items()])


def by_scenario(study):
    ways = [way for way in study["ways"] if way != "none"]
    return table(
        ["scenario", "mean ms without", "p99 ms without"]
        + [f"{way}: mean, p99, twice %" for way in ways],
        [[name, f"{of['none']['mean_ms'][0]:.1f}",
          f"{of['none']['p99_ms'][0]:.0f}"]
         + [f"{plus_minus(of[way]['mean_ms_over_plain'], 2, True)}, "
            f"{plus_minus(of[way]['p99_ms_over_plain'], 0, True)}, "
            f"{percent(of[way]['twice'])}" for way in ways]
         for name, of in study["scenarios"].items()])


def panel(picture, study, left, title, key, most, ticks):
    top, width, high = 120, 400, 260
    loads = list(study["loads"])
    x = lambda load: left + width * float(load)
    y = lambda v: top + high - high * min(v, most) / most
    picture.text(left - 30, top - 16, title, size=14, bold=True)
    for tick in ticks:
        picture.line(left, y(tick), left + width, y(tick), "#ddd")
        picture.text(left - 6, y(tick) + 4, f"{tick:g}", "end")
    for load in loads:
        picture.text(x(load), top + high + 18, load, "middle")
    for way, (colour, dash) in STYLE.items():
        points = [(x(load), y(study["loads"][load][way][key][0]))
                  for load in loads]
        line(picture, points, colour, dash, 3 if way == OURS else 2)


def plot(study):
    picture = Picture(980, 500)
    picture.text(20, 26, "Second starts under load", size=17, bold=True)
    picture.text(20, 46, "Four sites; one event in fifty takes ten times as "
                 "long where it is. Share of the capacity; means "
                 f"of {study['seeds']} seeds.")
    panel(picture, study, 60, "99th percentile, ms (cut at 250)", "p99_ms",
          250, range(0, 251, 50))
    panel(picture, study, 540, "Mean latency, ms (cut at 50)", "mean_ms", 50,
          range(0, 51, 10))
    for i, (way, (colour, dash)) in enumerate(STYLE.items()):
        left, top = 40 + 300 * (i % 3), 430 + 24 * (i // 3)
        picture.line(left, top, left + 30, top, colour,
                     3 if way == OURS else 2, dash)
        picture.text(left + 38, top + 4, way)
    return picture.done()


def text(study):
    machine = study["machine"]
    said = table(["expected", "holds", "seen"],
                 [[what, "yes" if good else "**no**", seen]
                  for what, good, seen in checks(study)])
    loads = "\n\n".join(f"### {float(load):.0%} of the capacity\n\n{one(of)}"
                        for load, of in study["loads"].items())
    return f"""# Second starts (hedging), in the simulator

`tools/experiments hedging` ({study['seconds']} s on {machine['cores']} cores,
{machine['platform']}; {revision.words(study)}). Virtual time: the product's predictor, policies and rules for second
starts (`libfaas/routing/hedging`) on modelled sites ([docs/simulator.md](../simulator.md)).
All figures: [hedging.json](hedging.json). ±: 95 % interval over {study['seeds']} seeds from
{study['first_seed']}, of differences paired by seed.

What is modelled: a second start shares what is the event's own (size, noise of its work);
whether it strays, and the luck of its way, are drawn again, as for causes that lie in the
place. A start that is beaten **runs to its end**, as on nodes where it is too late to stop
it; on nodes those that still wait are stopped. So the cost here is the most it can be.
All functions count as idempotent.

*none*: `min-latency` as shipped. *hedge 5 %, price 0.5*: `min-latency:hedge=0.05,price=0.5`.
*two always*: `hedge=1,price=0`, a second start whenever any gain is expected, which is
what STOIC's Duplicator does with two sites; what others wait for it counts here, too.

A first run had shown two faults of the rule, mended since: the share was spent on whoever came
first, not on those that gain most, and of what others wait for a second start only the part `price`
was counted.

![latency over load](hedging.svg)

## What was expected

{said}

What came of 5 % at a price of 0.5 (means; better and worse: intervals that leave out zero): better
{pays(study)}.
In the routing study's scenarios it is better {in_scenarios(study)}.
What later events wait for a second start is undercounted under high load and where gateways
compete. So hedging is off unless asked for.

## Scenarios of the routing study

Differences to *none*, ms; share started twice.

{by_scenario(study)}

## By load

{loads}

## The scenario

```yaml
{study['scenario'].rstrip()}
```
"""


def files(study):
    return {"hedging.svg": plot(study), "hedging.md": text(study)}
