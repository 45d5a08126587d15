"""Deadlines under load in the simulator: `tools/experiments deadlines`."""
import json
import os
import pathlib
import platform
import re
import statistics
import tempfile
import time

import deadline_page
import revision
import worlds
from simulator import Simulator, runs_of
from statistics_of import interval, paired

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = "deadline + lighter"
LOADS = [0.5, 0.75, 1, 1.25, 1.5, 2]
SEEDS, FIRST = 10, 101  # parameters were set on seeds 9001 to 9004
WORLDS, WORLD_SEEDS, WORLD_FIRST = 8, 2, 801
CAPACITY = 225  # answers per second of the full variant, all sites together

# What is compared: the policy, and what it plays in.
WAYS = {
    OURS: ("deadline", "lighter"),
    "min-latency + lighter": ("min-latency", "lighter"),
    "deadline": ("deadline", "alone"),
    "min-latency, late dropped": ("min-latency", "dropping"),
    "jsq, late dropped": ("jsq", "dropping"),
    "round-robin, late dropped": ("round-robin", "dropping"),
    "min-latency": ("min-latency", "alone"),
    "jsq": ("jsq", "alone"),
    "round-robin": ("round-robin", "alone"),
}
# Without dropping, baselines are hopeless there, and slow to play.
IN_WORLDS = [OURS, "min-latency + lighter", "deadline",
             "min-latency, late dropped", "jsq, late dropped"]
FIGURES = ["goodput", "in_time", "late", "dropped", "refused", "lighter",
           "mean_ms", "price"]

SCENARIO = """name: three sites with deadlines, load {load}
length: 50s
warm_up: 10s
probe_every: 500ms
drop_late: {drop}
sites:
  edge: {{servers: 2, slowdown: 2, rtt: 2ms, jitter: 1ms{edge_price}}}
  cloud: {{servers: 4, rtt: 30ms, jitter: 2ms, mbit: 200{cloud_price}}}
  gpu: {{slowdown: 0.25, rtt: 50ms, jitter: 2ms, mbit: 200{gpu_price}}}
functions:
  full:
    size: {{law: log_normal, mean: 1, sigma: 0.5}}
    ms_per_unit: 30
    ms_fixed: 10
    bytes_per_unit: 50000
    noise: 0.15
    outlier_share: 0.005
    outlier_factor: 4
    deadline: {{law: uniform, least: 100, most: 300}}
{lighter}  light:
    ms_per_unit: 9
    ms_fixed: 4
    bytes_per_unit: 50000
    noise: 0.15
events:
  - {{function: full, rate: {rate}}}
"""


def scenario(load, kind, prices=False):
    def price(value):
        return f", price: {value}" if prices else ""
    return SCENARIO.format(
        load=load, drop="true" if kind == "dropping" else "false",
        edge_price=price(0.1), cloud_price=price(1), gpu_price=price(6),
        lighter="    lighter: light\n" if kind == "lighter" else "",
        rate=CAPACITY * load)


def world(seed, kind):
    """A world drawn at random, with deadlines and twice its load."""
    text = worlds.draw(seed)
    unit = float(re.search(r"ms_per_unit: ([\d.]+)", text)[1])
    fixed = float(re.search(r"ms_fixed: ([\d.]+)", text)[1])
    size = re.search(r"bytes_per_unit: (\d+)", text)[1]
    text = re.sub(r"\b(rate|quiet_rate): ([\d.]+)",
                  lambda m: f"{m[1]}: {2 * float(m[2]):.2f}", text)
    least = 60 + 4 * (unit + fixed)
    more = f"    deadline: {{law: uniform, least: {least:.0f}, most: " \
           f"{3 * least:.0f}}}\n"
    if kind == "lighter":
        more += "    lighter: light\n"
    more += f"  light:\n    ms_per_unit: {0.3 * unit:.2f}\n    ms_fixed: " \
            f"{0.3 * fixed:.2f}\n    bytes_per_unit: {size}\n"
    text = text.replace("events:\n", more + "events:\n")
    return text + f"drop_late: {'true' if kind == 'dropping' else 'false'}\n"


def kinds(ways):
    return {kind: [policy for policy, of in ways.values() if of == kind]
            for kind in ("lighter", "alone", "dropping")}


def play(simulator, folder, texts, ways, seeds, first, say):
    """`texts`: by key and kind. Runs by key and way."""
    jobs = {}
    for (key, kind), text in texts.items():
        file = folder / f"{key}-{kind}.yml"
        file.write_text(text)
        jobs[key, kind] = (file, kinds(ways)[kind], seeds, first)
    done = simulator.play_all(jobs, say)
    return {(key, way): runs_of(done[key, kind], policy)
            for way, (policy, kind) in ways.items()
            for key in {key for key, _ in texts}}


def row(runs, ours):
    made = {name: interval([run[name] for run in runs]) for name in FIGURES}
    made["over_ours"] = paired([run["goodput"] for run in runs],
                               [run["goodput"] for run in ours])
    made["missed"] = interval([(run["late"] + run["dropped"])
                               / max(1 - run["refused"], 1e-9)
                               for run in runs])
    return made


def by_load(simulator, folder, say):
    texts = {(load, kind): scenario(load, kind)
             for load in LOADS for kind in kinds(WAYS)}
    runs = play(simulator, folder, texts, WAYS, SEEDS, FIRST, say)
    return {str(load): {way: row(runs[load, way], runs[load, OURS])
                        for way in WAYS} for load in LOADS}


def by_world(simulator, folder, say):
    texts = {(f"world-{WORLD_FIRST + i}", kind): world(WORLD_FIRST + i, kind)
             for i in range(WORLDS) for kind in kinds(WAYS)}
    ways = {way: WAYS[way] for way in IN_WORLDS}
    runs = play(simulator, folder, texts, ways, WORLD_SEEDS, 1, say)
    names = sorted({key for key, _ in texts})
    return {name: {way: {
        figure: statistics.fmean(run[figure] for run in runs[name, way])
        for figure in FIGURES} for way in ways} for name in names}


def with_prices(simulator, folder, say):
    """What an answer in time costs while there is room."""
    policies = ["deadline", "deadline:share=0.99", "min-latency",
                "weighted:price=1000"]
    made = {}
    for load in (0.5, 0.75):
        file = folder / f"priced-{load}.yml"
        file.write_text(scenario(load, "lighter", prices=True))
        answer = simulator.play(file, policies, SEEDS, FIRST)
        ours = runs_of(answer, "deadline")
        made[str(load)] = {policy: row(runs_of(answer, policy), ours)
                           for policy in policies}
        say(f"prices at {load}")
    return made


def run(options, say):
    begun, stamp = time.monotonic(), revision.stamp()
    simulator = Simulator(pathlib.Path(options.programs) / "faas-sim")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        study = {**stamp, "seeds": SEEDS, "first_seed": FIRST, "capacity": CAPACITY,
                 "loads": by_load(simulator, folder, say),
                 "worlds": by_world(simulator, folder, say),
                 "prices": with_prices(simulator, folder, say),
                 "scenario": scenario(1, "lighter")}
    study["seconds"] = round(time.monotonic() - begun)
    study["machine"] = {"cores": os.cpu_count(),
                        "platform": platform.platform()}
    out = pathlib.Path(options.out)
    deadline_page.write(study, out)
    (out / "deadlines.json").write_text(
        json.dumps(study, indent=1, sort_keys=True) + "\n")
    say(f"written to {out}")
    return deadline_page.holds(study)
