"""STOIC's batches through many draws: `tools/experiments stoic-draws`."""
import collections
import json
import math
import pathlib
import subprocess
import time

import draws_plot
import revision
from stoic_live import figures, laws, page, runs

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/data/stoic"
WORLDS = 100
STOIC = "STOIC's Selector (policy stoic)"
# Row, words for the program, whether sites deploy and are set up before.
WAYS = (
    ("as on the nodes", [], True, True),
    ("nothing but events' answers", ["--events-only"], True, True),
    ("without the set-up batches", [], True, False),
    ("neither", ["--events-only"], False, False),
    (STOIC, ["--policy", "stoic"], True, True),
    ("the same with Bayesian ridge", ["--policy", "stoic:ransac=0"], True,
     True),
    ("first events fitted together", ["--without", "one-by-one"], True, True),
    ("sites of a tier teach nothing", ["--without", "tiers"], True, True),
    ("no exploring", ["--policy", "min-latency:explore=0"], True, True),
    ("LinUCB", ["--policy", "linucb"], True, True),
    ("moving averages", ["--policy", "ewma"], True, True),
)


def lines_of(number, drawn, deploys, set_up):
    """One world of the program's table."""
    def line(part, site, batch):
        times = [f"{value:.5f}" for s in laws.SITES for value in
                 (laws.transfer_s(s, batch.images), batch.deploy_s[s],
                  batch.process_s[s])]
        return ",".join([str(number), part, site, str(batch.images), *times])
    made = [line("deploy", "", b) for b in drawn["deployed"]] if deploys else []
    if set_up:
        made += [line("set-up", site, b)
                 for site, batches in runs.set_up_of(drawn).items()
                 for b in batches]
    return made + [line("main", "", b) for b in drawn["main"]]


def table(worlds, deploys, set_up):
    head = ["world", "part", "site", "images"] + [
        f"{s}_{what}" for s in laws.SITES
        for what in ("transfer", "deploy", "process")]
    return "\n".join([",".join(head), *(
        line for number, drawn in worlds.items()
        for line in lines_of(number, drawn, deploys, set_up))]) + "\n"


def choices_of(text):
    """The program's output: sites by world."""
    found = collections.defaultdict(list)
    for line in text.splitlines():
        number, site = line.split(",")
        found[int(number)].append(site)
    return found


def interval(values):
    """Mean and half of its 95 % interval (normal: there are many)."""
    mean = sum(values) / len(values)
    var = sum((v - mean) ** 2 for v in values) / (len(values) - 1)
    return mean, 1.96 * math.sqrt(var / len(values))


def figures_of(worlds, chosen):
    """Means over the worlds, each against its informed policy."""
    by_world = []
    for number, drawn in worlds.items():
        batches = drawn["main"]
        knowing = runs.computed(batches, drawn["series"])["informed"]
        mine = figures.row("", batches, chosen[number])
        other = figures.row("", batches, knowing)
        by_world.append({
            "over_informed": mine["total_s"] / other["total_s"],
            "over_oracle": mine["over_oracle"],
            "exact": 100 * mine["exact"],
            "exact_off": 100 * (mine["exact"] - other["exact"]),
            "edge_off": 100 * (mine["edge_or_cloud"] - other["edge_or_cloud"])})
    made = {key: interval([w[key] for w in by_world]) for key in by_world[0]}
    ratios = [w["over_informed"] for w in by_world]
    made["worst"] = max(ratios)
    made["within"] = sum(r <= 1.02 for r in ratios) / len(ratios)
    made["ratios"] = ratios
    return made


def verdicts(rows):
    live = rows[WAYS[0][0]]
    total, exact, edge = (live[k] for k in
                          ("over_informed", "exact_off", "edge_off"))
    against, half = interval([100 * (mine / theirs - 1) for mine, theirs in
                              zip(live["ratios"], rows[STOIC]["ratios"])])
    return [
        page.outcome(f"total within 2 % of the informed policy in the mean: "
                     f"{100 * (total[0] - 1):+.1f} +- {100 * total[1]:.1f} %; in "
                     f"{100 * live['within']:.0f} of 100 draws, "
                     f"{100 * (live['worst'] - 1):+.1f} % in the worst.",
                     total[0] <= 1.02),
        page.outcome("exact choices within 2 points of it: "
                     f"{exact[0]:+.1f} +- {exact[1]:.1f}.", exact[0] >= -2),
        page.outcome("edge or cloud within 2 points of it: "
                     f"{edge[0]:+.1f} +- {edge[1]:.1f}.", edge[0] >= -2),
        page.outcome("no more than STOIC's own Selector on the same draws: "
                     f"{against:+.1f} +- {half:.1f} %.", against <= 0)]


ABOUT = """\
# STOIC's batches, many draws

`tools/experiments stoic-draws --seed {seed}` (revision {revision}, {at}, {seconds:.0f} s):
{count} draws of the world of [stoic-live.md](stoic-live.md), seeds {seed} to {last}, each of its
154 batches after the set-up. **No nodes here**: the predictor and the policy of nodes, told what
nodes would tell. One run on real nodes is one draw, and luck moves its total by some 3 %.

![totals of all draws](stoic-draws.svg)

"""


def markdown(found):
    def cell(pair, digits, scale=1, base=0):
        mean, half = pair
        sign = "+" if base else ""
        return (f"{scale * (mean - base):{sign}.{digits}f} +- "
                f"{scale * half:.{digits}f}")
    text = ["**What came out** (means and their 95 % intervals; pairs of the "
            "same draw).", "", *verdicts(found["rows"]), "",
            "| way | total over the informed policy, % | worst draw, % | "
            "within 2 %, of 100 draws | over the oracle | exact, points off the "
            "informed | edge or cloud, points off |",
            "|---|---:|---:|---:|---:|---:|---:|"]
    for name, row in found["rows"].items():
        text.append(
            f"| {name} | {cell(row['over_informed'], 1, 100, 1)} | "
            f"{100 * (row['worst'] - 1):+.1f} | {100 * row['within']:.0f} | "
            f"{cell(row['over_oracle'], 3)} | {cell(row['exact_off'], 1)} | "
            f"{cell(row['edge_off'], 1)} |")
    return ABOUT.format(**found) + "\n".join(text + [
        "", "*As on the nodes*: every site deploys five versions, gets its two "
        "set-up batches, and tells how long loads took and what has left its "
        "memory. One version here: on nodes each change of the policy is the "
        "next one, which begins with what the last one taught. The next two "
        "rows leave out what nodes tell, or the set-up; *neither*: both, and the "
        "five deployments, too. Other policies meet the same events as the first "
        "row. STOIC's Selector is written after its publications; it is in the "
        "same place as Petrel's rule, and knows the predictor's word on what is "
        "loaded."]) + "\n"


def played(options, worlds, words, deploys, set_up):
    done = subprocess.run(
        [pathlib.Path(options.programs) / "stoic-draws", *words],
        input=table(worlds, deploys, set_up), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return choices_of(done.stdout)


def run(options, say):
    """Writes stoic-draws.json, .md and .svg to options.out."""
    begun, stamp = time.monotonic(), revision.stamp()
    worlds = {options.seed + i: runs.worlds(DATA, options.seed + i)
              for i in range(WORLDS)}
    rows = {}
    for name, words, deploys, set_up in WAYS:
        rows[name] = figures_of(worlds, played(options, worlds, words, deploys,
                                               set_up))
        say(f"{name}: {100 * (rows[name]['over_informed'][0] - 1):+.1f} %")
    found = {"seed": options.seed, "last": options.seed + WORLDS - 1,
             "count": WORLDS, **stamp, "rows": rows,
             "digests": {n: laws.digest(d["main"]) for n, d in worlds.items()},
             "seconds": time.monotonic() - begun}
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "stoic-draws.md").write_text(markdown(found))
    (out / "stoic-draws.svg").write_text(draws_plot.plot(found))
    (out / "stoic-draws.json").write_text(json.dumps(found, indent=1) + "\n")
    for words in verdicts(rows):
        say(words)
    return all(not words.startswith("- Missed") for words in verdicts(rows))
