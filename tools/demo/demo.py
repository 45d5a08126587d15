#!/usr/bin/python3
"""The demo: real events, two tiers, one disturbance. See README.md here.

Plays the same schedule three times: routed by prediction, always in the cloud,
always at the edge. Half-way the edge gets a quarter of its CPU, later all of it
again. The first two take turns every few seconds (see turns.py); the third, at
which events pile up for most of a minute, plays alone. Prints figures, writes a
report, and exits 0 only if all checks hold.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import sys
import time

sys.path[:0] = [str(folder) for folder in
                pathlib.Path(__file__).resolve().parents[:2]]
import cluster as clusters  # noqa: E402
import report  # noqa: E402
import revision  # noqa: E402
import shadow  # noqa: E402
import turns  # noqa: E402
import workload  # noqa: E402

ROOT = clusters.ROOT
POLICIES = {  # function -> how it is routed
    "classify": "min-latency",
    "classify-edge": "static:edge-1/cpu",
    "classify-cloud": "static:cloud-1/cpu",
}
PHASES = ["normal", "edge slowed", "recovered"]
SETTLE_S = 5.0  # of each phase that count as transition
SLOWDOWN = 4
WINDOW_S = 20.0
GROUPS = [["classify", "classify-cloud"], ["classify-edge"]]  # take turns
FIRST_S = 9.0  # of each phase without a turn: the transition is seen whole
TURN_S = 3.0
PREDICTED = "classify"
SHADOWS = 10  # events of each phase that are run again at each site
SITES = {"edge-1/cpu": "classify-edge", "cloud-1/cpu": "classify-cloud"}


def manifest(folder):
    """One bundle, three functions that differ in their routing policy."""
    example = ROOT / "examples/classify"
    lines = ["version: 1.0", "provider: {name: openfaas}", "functions:"]
    for name, policy in POLICIES.items():
        lines += [
            f"  {name}:", f"    handler: {example}", "    petrel:",
            "      runtime: torch", "      artifact: model.pt",
            "      inputs: [{name: images, datatype: UINT8,"
            " shape: [-1, 1, 28, 28]}]",
            "      output: labels", "      size: {from: bytes, divisor: 784}",
            f"      topics: [{name}/camera/+/images]",
            '      reply_topic: "{topic}/labels"', "      idempotent: true",
            "      timeout: 60s", "      max_body: 256Ki",
            f"      policy: {policy}"]
    file = folder / "stack.yml"
    file.write_text("\n".join(lines) + "\n")
    return file


class Run:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.folder)
        self.begun, self.stamp = time.monotonic(), revision.stamp()
        self.events = {}  # (policy, phase) -> events
        self.marks = {}   # policy -> times of slow-down and recovery, its own
        self.shadows = {}  # phase -> shadow runs of events routed by prediction
        self.told = 0.0

    def say(self, text):
        print(f"[{time.monotonic() - self.begun:5.0f} s] {text}", flush=True)

    def progress(self, player, label):
        now = time.monotonic()
        if now - self.told < 2.0:
            return
        self.told = now
        with player.lock:
            recent = player.done[-20:]
            waiting = player.open
        if not recent:
            return
        mean = statistics.fmean(1000 * e.latency for e in recent)
        http = [e for e in recent if e.site]
        edge = sum(e.site.startswith("edge") for e in http)
        self.say(f"{label}: {len(player.done)} answered, {waiting} open, last "
                 f"{len(recent)}: mean {mean:.0f} ms, "
                 f"{edge}/{len(http)} at the edge")

    def play(self):
        options = self.options
        self.say("starting broker, link emulator (40 ms RTT, 20 Mbit/s), "
                 "cloud and edge node")
        images = workload.Images(ROOT / "examples/classify/expected-labels.bin")
        cluster = clusters.Cluster(self.folder, options.programs,
                                   edge_cores=options.edge_cores)
        try:
            self.mechanism = cluster.edge_limit.mechanism
            self.steady = cluster.edge_limit.steady
            self.say("deploying classify with faas-cli up")
            cluster.deploy(manifest(self.folder))
            for name in POLICIES:
                clusters.wait_until(
                    f"{name} ready on both nodes",
                    lambda name=name: sum(s["candidate"] for s
                                          in cluster.sites(name)) == 2, 30)
            cluster.edge_limit.set(options.edge_cores)
            self.senders = (workload.HttpSender(cluster.edge_url, images),
                            workload.MqttSender(cluster.broker_port, images))
            for group in GROUPS:
                self.play_group(cluster, images, group)
            self.metrics = cluster.metrics()
            for sender in self.senders:
                sender.stop()
        finally:
            cluster.stop()

    def play_group(self, cluster, images, names):
        options = self.options
        policies = [POLICIES[name] for name in names]
        self.say(f"--- {' and '.join(policies)}: {len(PHASES)} phases of "
                 f"{options.phase:.0f} s each, {options.rate:g} events/s, half "
                 "HTTP and half MQTT"
                 + (", in turns" if len(names) > 1 else ""))
        for name in names:
            warm = workload.schedule(options.warm, options.rate, 7, images)
            player = workload.Player(*self.senders)
            player.play(warm, name, 0, 0, lambda p: None)
            player.drain(30)
        players = {name: workload.Player(*self.senders) for name in names}
        for i, phase in enumerate(PHASES):
            self.begin_phase(cluster, i)
            schedules = {name: workload.schedule(
                options.phase, options.rate, options.seed + i, images)
                for name in names}
            turns.play(
                players, schedules,
                turns.blocks(options.phase, FIRST_S, TURN_S),
                i * options.phase, 90, lambda name, player: self.progress(
                    player, f"{POLICIES[name]}, {phase}"))
            for name in names:
                self.events[POLICIES[name], phase] = schedules[name]
            if PREDICTED in names:
                self.run_shadows(phase, schedules[PREDICTED], players)
        for policy, player in zip(policies, players.values()):
            player.drain(90)
            self.marks[policy] = {"slow": options.phase,
                                  "fast": 2 * options.phase}
            for phase in PHASES:
                self.say(self.line(policy, phase))

    def run_shadows(self, phase, events, players):
        for player in players.values():
            player.drain(90)
        chosen = shadow.sample(events, SHADOWS, SETTLE_S)
        self.say(f"running {len(chosen)} of these events again at each site")
        self.shadows[phase] = shadow.run(self.senders[0], chosen, SITES)

    def begin_phase(self, cluster, number):
        if number == 1:
            cluster.slow_edge(SLOWDOWN)
            self.say(f"the edge gets 1/{SLOWDOWN} of its CPU")
        elif number == 2:
            cluster.slow_edge(1)
            self.say("the edge has its CPU again")

    def line(self, policy, phase):
        f = report.latency_figures(self.events[policy, phase])
        return (f"{policy}, {phase}: mean {f['mean_ms']:.0f} ms, p50 "
                f"{f['p50_ms']:.0f}, p99 {f['p99_ms']:.0f}, lost {f['lost']}")


def steady(events):
    return [e for e in events if e.at >= SETTLE_S]


def settled_after(first, events, worse):
    """Seconds after `first` from which on at most a tenth of the events of the
    next WINDOW_S go to the worse site."""
    at = [0.0] + sorted(e.sent - first for e in events
                        if worse(e) and e.sent > first)
    for begin in at:
        window = [e for e in events
                  if begin < e.sent - first <= begin + WINDOW_S]
        if sum(map(worse, window)) <= 0.1 * len(window):
            return begin
    return None


def transitions(run, policy):
    """Seconds from the first slow reply until new events that are clearly
    better in the cloud go there, and from the first fast one after the recovery
    until those clearly better at the edge go back. By HTTP events, whose
    answers name their site."""
    slow, fast = run.marks[policy]["slow"], run.marks[policy]["fast"]
    everything = [e for phase in PHASES for e in run.events[policy, phase]
                  if e.site and e.status == 200]
    edge = [e for e in everything if e.site.startswith("edge")]
    normal = [e.parts.get("service", 0) / e.images for e in edge
              if e.sent < slow and e.images >= 10]
    found = {"slow_s": None, "fast_s": None}
    if not normal:
        return found
    per_image = statistics.median(normal)

    def slowed(event):
        return event.parts.get("service", 0) > 2 * per_image * event.images

    replies = [e.sent + e.latency for e in edge
               if slow <= e.sent < fast and e.images >= 5 and slowed(e)]
    if replies:
        first = min(replies)
        found["slow_s"] = settled_after(
            first, [e for e in everything if e.sent < fast and e.images >= 30],
            lambda e: e.site.startswith("edge"))
    replies = [e.sent + e.latency for e in edge
               if e.sent >= fast and e.images >= 5 and not slowed(e)]
    if replies:
        first = min(replies)
        found["fast_s"] = settled_after(
            first, [e for e in everything
                    if e.sent >= first and 5 <= e.images <= 15],
            lambda e: e.site.startswith("cloud"))
    return found


def judge(run, rows):
    """The checks; each is (text, holds)."""
    by = {(r["policy"], r["phase"]): r for r in rows}
    every = [e for events in run.events.values() for e in events]
    predicted, edge, cloud = POLICIES.values()
    checks = [
        ("no event lost", all(r["lost"] == 0 for r in rows)),
        ("every label equals the model's own offline label",
         sum(e.wrong for e in every) == 0),
    ]
    change = transitions(run, predicted)
    checks.append(("new events leave the slow edge within 1 s of the first "
                   "slow reply", change["slow_s"] is not None
                   and change["slow_s"] <= 1.0))
    checks.append(("events return within 1 s after the recovery shows",
                   change["fast_s"] is not None and change["fast_s"] <= 1.0))
    for phase in PHASES:
        best = min(by[p, phase]["steady"]["p99_ms"] for p in (edge, cloud))
        mine = by[predicted, phase]["steady"]["p99_ms"]
        checks.append((f"{phase}: p99 {mine:.0f} ms <= 1.1 x better static "
                       f"{best:.0f} ms", mine <= 1.1 * best))
    means = {p: report.latency_figures(
        [e for phase in PHASES for e in run.events[p, phase]])["mean_ms"]
        for p in POLICIES.values()}
    checks.append((f"mean of the whole run {means[predicted]:.1f} ms below "
                   f"edge {means[edge]:.1f} and cloud {means[cloud]:.1f}",
                   means[predicted] < min(means[edge], means[cloud])))
    return checks, change, means


def figures(run):
    rows = []
    for (policy, phase), events in run.events.items():
        row = {"policy": policy, "phase": phase}
        row.update(report.latency_figures(events))
        row["steady"] = report.latency_figures(steady(events))
        row["sites"] = report.site_shares(events)
        row["wrong_labels"] = sum(e.wrong for e in events)
        rows.append(row)
    return rows


def prediction_error(metrics):
    """Mean |predicted - measured| per function and site, ms."""
    sums, counts = {}, {}
    for line in metrics.splitlines():
        for name, into in (("petrel_prediction_error_seconds_total{", sums),
                           ("petrel_predicted_events_total{", counts)):
            if line.startswith(name):
                labels, value = line[len(name):].rsplit("} ", 1)
                into[labels] = float(value)
    return {labels: 1000 * sums[labels] / counts[labels]
            for labels in sums if counts.get(labels)}


def finish(run):
    rows = figures(run)
    checks, change, means = judge(run, rows)
    print()
    print(report.phase_table(rows))
    print()
    for policy in POLICIES.values():
        series = [1000 * e.latency for phase in PHASES
                  for e in run.events[policy, phase] if e.latency >= 0]
        print(f"{policy:20s} |{report.spark(series)}| latency over the run, "
              "log scale")
    print()
    for phase, rows_of in run.shadows.items():
        found = shadow.figures(rows_of)
        if found:
            print(f"oracle, {phase}: {found['events']} events run again at each "
                  f"site: {found['agree']:.0%} chosen as the oracle would, "
                  f"regret {found['regret_ms']:.1f} ms of "
                  f"{found['oracle_ms']:.1f} (always the worse site: "
                  f"{found['worst_site_ms'] - found['oracle_ms']:.1f})")
    errors = prediction_error(run.metrics)
    for labels, error in sorted(errors.items()):
        print(f"prediction error {labels}: {error:.1f} ms mean")
    print(f"transition times: {change}")
    print(f"CPU limit: {run.mechanism}; one machine, emulated link")
    for text, holds in checks:
        print(("ok    " if holds else "FAILS ") + text)
    out = {
        "phases": rows, "transition": change, "mean_ms": means,
        "prediction_error_ms": errors,
        "oracle": {phase: shadow.figures(rows_of)
                   for phase, rows_of in run.shadows.items()},
        "shadow_runs": run.shadows,
        "checks": [{"check": t, "holds": h} for t, h in checks],
        "setting": {
            **run.stamp,
            "rtt_ms": 40, "mbit": 20, "edge_cores": run.options.edge_cores,
            "cloud_cores": clusters.CLOUD_CORES if run.steady else 1,
            "slowdown": SLOWDOWN, "rate": run.options.rate,
            "phase_s": run.options.phase, "seed": run.options.seed,
            "cpu_limit": run.mechanism, "machine": platform.platform(),
            "cores": os.cpu_count(), "emulated": True,
            "turn_s": TURN_S, "in_turns": GROUPS[0],
            "seconds": round(time.monotonic() - run.begun, 1)},
        "events": [
            {"policy": policy, "phase": phase, "sent_s": round(e.sent, 4),
             "images": e.images, "by": e.by, "status": e.status,
             "latency_ms": round(1000 * e.latency, 2), "site": e.site,
             "wrong": e.wrong, "parts": e.parts}
            for (policy, phase), events in run.events.items()
            for e in events],
    }
    target = pathlib.Path(run.options.report)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(out, indent=1))
    run.say(f"report: {target}")
    return all(holds for _, holds in checks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", default=ROOT / "build/release/bin")
    parser.add_argument("--folder", default=ROOT / "build/demo")
    parser.add_argument("--report", default=ROOT / "build/demo-report.json")
    parser.add_argument("--phase", type=float, default=45)
    parser.add_argument("--warm", type=float, default=8)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--edge-cores", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=11)
    run = Run(parser.parse_args())
    run.play()
    return 0 if finish(run) else 1


if __name__ == "__main__":
    sys.exit(main())
