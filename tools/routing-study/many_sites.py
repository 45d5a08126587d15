"""Functions that run at many sites: `tools/experiments many-sites`."""
import json
import math
import os
import pathlib
import platform
import random
import tempfile
import time

import revision
from simulator import Simulator, runs_of
from statistics_of import interval, paired
from study_plots import COLOURS, PALE, Picture

OURS = "min-latency"
WITHOUT = "min-latency/no-crowding"
POLICIES = [OURS, WITHOUT, "prequal", "c3", "jsq", "p2c", "peak-ewma", "ridge",
            "round-robin"]
REFERENCES = ["informed", "farsighted"]
SEEDS, FIRST = 3, 101
# sites, load of their capacity, gateways
WORLDS = {"30 sites": (30, 0.7, 1), "100 sites": (100, 0.7, 1),
          "300 sites": (300, 0.7, 1), "100 sites, half the load": (100, 0.5, 1),
          "100 sites, 90 % of the load": (100, 0.9, 1),
          "100 sites, four gateways": (100, 0.7, 4)}
FIGURES = ["mean_ms", "p99_ms", "regret_ms"]
WORK_MS = 90  # of an event of mean size at a site of slow-down 1


def world(name, sites, load, gateways, seed):
    """Sites differ by an order of magnitude in speed and in distance."""
    rng = random.Random(seed)
    lines = [f"name: {name}", "length: 70s", "warm_up: 10s",
             f"gateways: {gateways}", "sites:"]
    capacity = 0
    for number in range(sites):
        slow = math.exp(rng.gauss(0.7, 0.6))
        rtt = rng.choice([1.5, 8, 35]) * rng.uniform(0.7, 1.4)
        servers = rng.choice([1, 2, 4])
        capacity += 1000 * servers / (WORK_MS * slow)
        lines.append(f"  s{number:03}: {{servers: {servers}, "
                     f"slowdown: {slow:.3f}, rtt: {rtt:.1f}ms, "
                     "jitter: 0.5ms, mbit: 200}")
    lines += ["functions:", "  classify: {size: {law: log_normal, mean: 1, "
              "sigma: 0.5}, ms_per_unit: 60, ms_fixed: 30, "
              "bytes_per_unit: 20000, noise: 0.18, outlier_share: 0.01, "
              "outlier_factor: 6}",
              "events:"]
    lines += [f"  - {{function: classify, gateway: {gateway}, "
              f"rate: {capacity * load / gateways:.0f}}}"
              for gateway in range(gateways)]
    return "\n".join(lines) + "\n"


def row(runs, ours):
    made = {key: interval([run[key] for run in runs]) for key in FIGURES}
    made["over_ours"] = paired([run["mean_ms"] for run in runs],
                               [run["mean_ms"] for run in ours])
    return made


def text(value, digits=0):
    mean, half = value
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


PLOTTED = [OURS, WITHOUT, "farsighted", "jsq", "c3", "prequal"]


def plot(study):
    """Means and 99th percentiles by world; what is beyond the scale is left
    out."""
    picture = Picture(900, 80 + 46 * len(study["worlds"]))
    panels = {"mean_ms": (190, 320, 400, "mean, ms"),
              "p99_ms": (550, 320, 1600, "99th percentile, ms")}
    bottom = 50 + 46 * len(study["worlds"])
    for key, (left, width, most, title) in panels.items():
        picture.text(left, 40, title, bold=True)
        for tick in range(0, most + 1, most // 4):
            x = left + width * tick / most
            picture.line(x, 46, x, bottom)
            picture.text(x, bottom + 14, tick, "middle", size=10)
        for number, of in enumerate(study["worlds"].values()):
            for row, policy in enumerate(PLOTTED):
                value = of[policy][key][0]
                if value <= most:
                    picture.dot(left + width * value / most,
                                56 + 46 * number + 6 * row, COLOURS[row], 3.4)
    for number, name in enumerate(study["worlds"]):
        y = 50 + 46 * number
        picture.text(180, y + 24, name, "end")
        if number > 0:
            picture.line(10, y - 1, 890, y - 1, PALE, 0.5)
    x = 10
    for colour, policy in zip(COLOURS, PLOTTED):
        picture.dot(x + 4, 14, colour)
        picture.text(x + 12, 18, policy)
        x += 24 + 7 * len(policy)
    return picture.done()


def page(study):
    lines = [
        "# Functions at many sites, in the simulator", "",
        f"`tools/experiments many-sites --seed {study['seed']}` "
        f"({study['seconds']} s on {study['machine']['cores']} cores, "
        f"{study['machine']['platform']}; {revision.words(study)}). Virtual "
        f"time; policies with their standard settings, {SEEDS} seeds from {FIRST}; ± is a 95 % interval.",
        "", "Sites differ by an order of magnitude in speed (log-normal "
        "slow-down, sigma 0.6) and in distance (1 to 49 ms), and have one, two "
        "or four servers; an event takes 90 ms at a site of slow-down 1. Where "
        "there are more than 32 sites a decision looks at the 28 that its "
        "policy ranks first and four others (`libfaas/routing/shortlist`). "
        "*informed* knows every law, not the draws, and goes to what is "
        "expected to end first, as the regret is reckoned, too; "
        "*farsighted* knows the same and minds later events by the true laws "
        "(docs/simulator.md). These two are references. min-latency "
        "minds later events: *no-crowding* is without the part of that which "
        "goes by what might come to a site (docs/routing.md).", "", "![means and percentiles](many-sites.svg)", ""]
    for name, of in study["worlds"].items():
        lines += [f"## {name[0].upper()}{name[1:]}", "",
                  "| policy | mean ms | p99 ms | regret ms | mean over "
                  "min-latency |", "|---|---:|---:|---:|---:|"]
        for policy, got in sorted(of.items(),
                                  key=lambda one: one[1]["mean_ms"][0]):
            mark = "**" if policy == OURS else ""
            over = "" if policy == OURS else text(got["over_ours"])
            lines.append(f"| {mark}{policy}{mark} | {text(got['mean_ms'])} | "
                         f"{text(got['p99_ms'])} | {text(got['regret_ms'])} | "
                         f"{over} |")
        lines.append("")
    return "\n".join(lines)


def run(options, say):
    begun, stamp = time.monotonic(), revision.stamp()
    simulator = Simulator(pathlib.Path(options.programs) / "faas-sim")
    shown = REFERENCES + POLICIES
    jobs = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (sites, load, gateways) in WORLDS.items():
            file = pathlib.Path(folder) / (name.replace(" ", "-") + ".yml")
            file.write_text(world(name, sites, load, gateways, options.seed))
            for policy in POLICIES:
                jobs[name, policy] = (file, [policy], SEEDS, FIRST, 10_000)
        say(f"{len(POLICIES)} policies in {len(WORLDS)} worlds")
        answers = simulator.play_all(jobs, say)
    worlds = {}
    for name in WORLDS:
        ours = runs_of(answers[name, OURS], OURS)
        worlds[name] = {
            policy: row(runs_of(
                answers[name, policy if policy in POLICIES else OURS],
                policy), ours) for policy in shown}
    study = {**stamp, "machine": {"platform": platform.platform(),
                                  "cores": os.cpu_count()},
             "seed": options.seed, "seeds": SEEDS, "first_seed": FIRST,
             "seconds": round(time.monotonic() - begun), "worlds": worlds}
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "many-sites.md").write_text(page(study))
    (out / "many-sites.svg").write_text(plot(study))
    (out / "many-sites.json").write_text(json.dumps(study) + "\n")
    least = all(min(of, key=lambda p: of[p]["mean_ms"][0]
                    if p in POLICIES else math.inf) == OURS
                for of in worlds.values())
    say(f"min-latency has the least mean in each world: {least}")
    return True
