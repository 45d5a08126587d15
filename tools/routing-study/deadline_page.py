"""docs/results/deadlines.md and its picture."""
import statistics

import revision
from deadline_plots import plot
from study_page import plus_minus, table

OURS, RIVAL = "deadline + lighter", "min-latency + lighter"
DROPPING = ["min-latency, late dropped", "jsq, late dropped",
            "round-robin, late dropped"]


def percent(pair, digits=1):
    return f"{100 * pair[0]:.{digits}f} ± {100 * pair[1]:.{digits}f}"


def one_load(of):
    return table(
        ["way", "in time per s", "over ours", "in time %",
         "late or dropped, of those not refused %", "refused %", "lighter %",
         "mean ms"],
        [[f"**{way}**" if way == OURS else way, plus_minus(row["goodput"], 1),
          plus_minus(row["over_ours"], 1, True) if way != OURS else "",
          percent(row["in_time"]), percent(row["missed"]),
          percent(row["refused"]), percent(row["lighter"]),
          f"{row['mean_ms'][0]:.0f}"] for way, row in of.items()])


def ratios(study, way, to):
    return sorted(max(of[way]["goodput"], 1e-3) / max(of[to]["goodput"], 1e-3)
                  for of in study["worlds"].values())


def in_worlds(study):
    rows = []
    for way in next(iter(study["worlds"].values())):
        of = [world[way] for world in study["worlds"].values()]
        against = ratios(study, way, OURS)
        rows.append([
            f"**{way}**" if way == OURS else way,
            f"{statistics.fmean(against):.3f}",
            f"{against[0]:.3f}", f"{statistics.median(against):.3f}",
            f"{against[-1]:.3f}"] + [
            f"{100 * statistics.fmean(one[key] for one in of):.1f}"
            for key in ("in_time", "late", "dropped", "refused", "lighter")])
    return table(["way", "goodput over ours, mean", "least", "median",
                  "most", "in time %", "late %", "dropped %", "refused %",
                  "lighter %"], rows)


def priced(study):
    return table(
        ["load", "policy, with lighter", "price per answer in time",
         "in time %", "lighter %", "mean ms"],
        [[f"{load}x", policy, plus_minus(row["price"], 4),
          percent(row["in_time"]), percent(row["lighter"]),
          f"{row['mean_ms'][0]:.0f}"]
         for load, of in study["prices"].items()
         for policy, row in of.items()])


def checks(study):
    loads = study["loads"]
    heavy = [loads[load] for load in ("1.25", "1.5", "2")]
    capacity = study["capacity"]

    def better(of, way, other):
        gap = of[other]["over_ours"][0] + of[other]["over_ours"][1]
        return gap < 0 if way == OURS else (
            of[way]["goodput"][0] > of[other]["goodput"][0])
    alone = min(of["deadline"]["goodput"][0] for of in heavy)
    return [
        ("over capacity, refusing alone keeps 90 % of the full capacity in "
         "time", alone >= 0.9 * capacity,
         f"at least {alone:.0f} of {capacity} per s"),
        ("over capacity, more in time than any baseline that drops late events",
         all(better(of, OURS, way) for of in heavy for way in DROPPING),
         "best of them at 2x: " + f"{max(heavy[-1][w]['goodput'][0] for w in DROPPING):.0f}"
         f" against {heavy[-1][OURS]['goodput'][0]:.0f} per s"),
        ("at half load as many in time as min-latency (interval includes 0)",
         abs(loads["0.5"]["min-latency"]["over_ours"][0])
         <= loads["0.5"]["min-latency"]["over_ours"][1]
         or loads["0.5"]["min-latency"]["over_ours"][0] < 0,
         plus_minus(loads["0.5"]["min-latency"]["over_ours"], 2, True)
         + " per s over ours"),
        ("of accepted events at most 5 % are late, at every load",
         all(of[OURS]["missed"][0] <= 0.05 and of["deadline"]["missed"][0]
             <= 0.05 for of in loads.values()),
         "most: " + f"{100 * max(max(of[OURS]['missed'][0], of['deadline']['missed'][0]) for of in loads.values()):.1f} %"),
    ]


def holds(study):
    return all(good for _, good, _ in checks(study))


def loses(study):
    """Where another way has more answers in time, as found."""
    found = []
    for load, of in study["loads"].items():
        for way, row in of.items():
            mean, half = row["over_ours"]
            if way != OURS and mean - half > 0:
                found.append(f"{load}x: {way}, {mean:+.1f} ± {half:.1f} per s")
    worlds = [name for name, of in study["worlds"].items()
              if of[RIVAL]["goodput"] > 1.01 * of[OURS]["goodput"]]
    return found, worlds


def text(study):
    machine = study["machine"]
    found, worlds = loses(study)
    lost = "; ".join(found) if found else "nowhere with an interval over zero"
    loads = study["loads"]
    two = loads["2"]
    said = table(["promise", "holds", "seen"],
                 [[what, "yes" if good else "**no**", seen]
                  for what, good, seen in checks(study)])
    sections = "\n\n".join(f"### {load}x\n\n{one_load(of)}"
                           for load, of in loads.items())
    return f"""# Deadlines under load, in the simulator

`tools/experiments deadlines` ({study['seconds']} s on {machine['cores']} cores,
{machine['platform']}; {revision.words(study)}). Virtual time: the product's predictor, policies and choice of
variant on modelled sites ([docs/simulator.md](../simulator.md)). All figures:
[deadlines.json](deadlines.json).

Three sites (two slow servers nearby, four 30 ms away, a fast one 50 ms away) that can just
answer {study['capacity']} events a second with the full variant: load 1x. A lighter variant takes a third
of the work. Each event has a deadline, 100 to 300 ms after it was sent. ±: 95 % interval
over {study['seeds']} seeds from {study['first_seed']}, of differences paired by seed; parameters were set on seeds 9001 to
9004 of the first world.

![answers in time](deadlines.svg)

*late dropped*: sites do not begin an event whose deadline has passed. *+ lighter*: the
function names a lighter one, and the decision between the two is `variant_search`
([docs/routing.md](../routing.md#deadlines)). *lighter %*: of all events.

## What was promised

{said}

## Where it loses

- More answers in time than ours have: {lost}.
- `{RIVAL}` has what is worth most, the choice of the variant, without any
  refusal: at 2x {two[RIVAL]['goodput'][0]:.0f} answers in time per second against {two[OURS]['goodput'][0]:.0f}. What the deadline policy adds there
  is that {percent(two[OURS]['missed'])} % of what it takes is late and not {percent(two[RIVAL]['missed'])} %, and prices. In
  {len(worlds)} of {len(study['worlds'])} worlds drawn at random that rival has over 1 % more in time.
- In one of the worlds below the deadline policy alone, without a lighter variant, has up to
  {max(ratios(study, 'deadline', OURS)):.2f} times as many answers in time as with one.
- At low load it keeps fast sites free and answers later for it: {loads['0.5'][OURS]['mean_ms'][0]:.0f} ms in the mean at 0.5x, min-latency
  {loads['0.5']['min-latency']['mean_ms'][0]:.0f} ms. Nobody gains by that there.
- Near capacity some events are answered by the lighter variant that the full one might
  have answered in time ({percent(loads['0.75'][OURS]['lighter'])} % at 0.75x).
- It knows only what predictions tell: where they are wrong, it refuses wrongly. Worlds with
  full links and disturbances are below.

## By load

{sections}

## {len(study['worlds'])} worlds drawn at random

Sites, links, disturbances and arrivals of `tools/routing-study/worlds.py`, with twice
their load, deadlines and a variant of 0.3 of the work; two seeds each. No parameter was
set on them. (A first draw, 701 to 708, had shown a fault: on a link that loses 5 of 100 events the
chance of the others was taken for much too small, and half of all were refused. It was mended, and
these are of another seed.) Ratios of answers in time by world; where a way has next to none, that
world rules the mean, so look at the median.

{in_worlds(study)}

## What an answer costs

The same three sites, a second of work for 0.1, 1 and 6 units.

{priced(study)}

## The scenario

```yaml
{study['scenario'].rstrip()}
```
"""


def write(study, out):
    out.mkdir(parents=True, exist_ok=True)
    (out / "deadlines.svg").write_text(plot(study))
    (out / "deadlines.md").write_text(text(study))
