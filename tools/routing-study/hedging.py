"""Second starts under load and disturbances: `tools/experiments hedging`."""
import json
import os
import pathlib
import platform
import tempfile
import time

import hedging_page
import revision
from simulator import Simulator, runs_of
from statistics_of import interval, paired

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAIN = "min-latency"
OURS = "min-latency:hedge=0.05,price=0.5"
WAYS = {
    "none": PLAIN,
    "hedge 5 %, price 0.5": OURS,
    "hedge 5 %, price 0": "min-latency:hedge=0.05,price=0",
    "hedge 20 %, price 0.5": "min-latency:hedge=0.2,price=0.5",
    "two always": "min-latency:hedge=1,price=0",
}
LOADS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
CAPACITY = 325  # events a second of the four sites, strays included
SEEDS, FIRST = 10, 101
FIGURES = ["mean_ms", "p50_ms", "p95_ms", "p99_ms", "twice", "wasted"]

SCENARIO = """name: four sites, some events stray, load {load}
length: 70s
warm_up: 10s
probe_every: 500ms
sites:
  a: {{rtt: 2ms, jitter: 500us}}
  b: {{rtt: 2ms, jitter: 500us}}
  c: {{rtt: 4ms, jitter: 500us}}
  d: {{rtt: 4ms, jitter: 500us}}
functions:
  f:
    ms_fixed: 10
    noise: 0.2
    outlier_share: 0.02
    outlier_factor: 10
events:
  - {{function: f, rate: {rate}}}
"""


def row(runs, plain):
    made = {key: interval([run[key] for run in runs]) for key in FIGURES}
    for key in ("mean_ms", "p99_ms"):
        made[key + "_over_plain"] = paired([run[key] for run in runs],
                                           [run[key] for run in plain])
    return made


def rows(answer):
    plain = runs_of(answer, PLAIN)
    return {name: row(runs_of(answer, policy), plain)
            for name, policy in WAYS.items()}


def run(options, say):
    begun, stamp = time.monotonic(), revision.stamp()
    simulator = Simulator(pathlib.Path(options.programs) / "faas-sim")
    jobs = {file.stem: (file, list(WAYS.values()), SEEDS, FIRST, 10_000)
            for file in sorted((ROOT / "examples/scenarios/routing")
                               .glob("*.yml"))}
    with tempfile.TemporaryDirectory() as folder:
        for load in LOADS:
            file = pathlib.Path(folder) / f"load-{load}.yml"
            file.write_text(SCENARIO.format(load=load, rate=CAPACITY * load))
            jobs[load] = (file, list(WAYS.values()), SEEDS, FIRST, 10_000)
        say(f"{len(WAYS)} ways on {len(jobs)} scenarios, {SEEDS} seeds")
        answers = simulator.play_all(jobs, say)
    study = {
        **stamp, "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
        "seeds": SEEDS, "first_seed": FIRST, "capacity": CAPACITY,
        "ways": WAYS, "scenario": SCENARIO.format(load="x", rate="..."),
        "loads": {str(load): rows(answers[load]) for load in LOADS},
        "scenarios": {name: rows(answer) for name, answer in answers.items()
                      if isinstance(name, str)},
    }
    study["seconds"] = round(time.monotonic() - begun)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in hedging_page.files(study).items():
        (out / name).write_text(text)
    (out / "hedging.json").write_text(json.dumps(study, indent=1) + "\n")
    for what, good, seen in hedging_page.checks(study):
        say(f"{'holds' if good else 'MISSED'}: {what}: {seen}")
    return all(good for _, good, _ in hedging_page.checks(study))
