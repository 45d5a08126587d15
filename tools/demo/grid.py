"""A grid of steady conditions: rates x RTTs x edge speeds, each policy on the
same events. Cells where one site is always right are included on purpose."""
import itertools
import json
import os
import pathlib
import platform

import cluster as clusters
import demo
import report
import revision
import turns
import workload

RATES = [2.0, 5.0, 8.0]        # events/s
RTTS = [10.0, 40.0, 160.0]     # ms
EDGES = [0.1, 0.2, 0.6]        # cores
BOUND = 1.05                   # of the better static choice
TURN_S = 4.0                   # the policies take turns, see turns.py


def play_cell(options, folder, best_ns, rate, rtt, edge, say):
    folder.mkdir(parents=True, exist_ok=True)
    images = workload.Images(
        clusters.ROOT / "examples/classify/expected-labels.bin")
    cluster = clusters.Cluster(folder, options.programs, rtt_ms=rtt,
                               edge_cores=edge, best_ns=best_ns)
    means = {}
    try:
        cluster.deploy(demo.manifest(folder))
        for name in demo.POLICIES:
            clusters.wait_until(
                f"{name} ready on both nodes",
                lambda name=name: sum(s["candidate"] for s
                                      in cluster.sites(name)) == 2, 30)
        cluster.edge_limit.set(edge)
        senders = (workload.HttpSender(cluster.edge_url, images),
                   workload.MqttSender(cluster.broker_port, images))
        for name in demo.POLICIES:
            warm = workload.schedule(options.warm, rate, 7, images)
            player = workload.Player(*senders)
            player.play(warm, name, 0, 0, lambda p: None)
            player.drain(60)
        schedules = {name: workload.schedule(options.seconds, rate,
                                             options.seed, images)
                     for name in demo.POLICIES}
        turns.play({name: workload.Player(*senders) for name in demo.POLICIES},
                   schedules, turns.blocks(options.seconds, TURN_S, TURN_S), 0,
                   120, lambda name, player: None)
        for name, policy in demo.POLICIES.items():
            means[policy] = report.latency_figures(schedules[name])
        for sender in senders:
            sender.stop()
    finally:
        cluster.stop()
    predicted, at_edge, at_cloud = demo.POLICIES.values()
    better = min(means[at_edge]["mean_ms"], means[at_cloud]["mean_ms"])
    cell = {"rate": rate, "rtt_ms": rtt, "edge_cores": edge, "policies": means,
            "ratio": means[predicted]["mean_ms"] / better}
    say(f"{rate:g}/s, RTT {rtt:g} ms, edge {edge:g} cores: min-latency "
        f"{means[predicted]['mean_ms']:.0f} ms, edge "
        f"{means[at_edge]['mean_ms']:.0f}, cloud "
        f"{means[at_cloud]['mean_ms']:.0f}, ratio {cell['ratio']:.3f}")
    return cell


def plot(cells):
    """Ratio by cell as an SVG: one panel per rate."""
    size, left, top = 70, 90, 50
    width = left + len(RATES) * (len(EDGES) * size + 60)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
             f'height="{top + len(RTTS) * size + 60}" '
             'font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="100%" fill="white"/>']
    for c in cells:
        panel = RATES.index(c["rate"])
        x0 = left + panel * (len(EDGES) * size + 60)
        x = x0 + EDGES.index(c["edge_cores"]) * size
        y = top + RTTS.index(c["rtt_ms"]) * size
        good = c["ratio"] <= BOUND
        shade = "#cfe8cf" if good else "#f3c6c6"
        parts.append(f'<rect x="{x}" y="{y}" width="{size - 2}" '
                     f'height="{size - 2}" fill="{shade}"/>'
                     f'<text x="{x + 12}" y="{y + 38}">{c["ratio"]:.3f}</text>')
    for panel, rate in enumerate(RATES):
        x0 = left + panel * (len(EDGES) * size + 60)
        parts.append(f'<text x="{x0}" y="20">{rate:g} events/s</text>')
        for i, edge in enumerate(EDGES):
            parts.append(f'<text x="{x0 + i * size + 8}" y="40">edge {edge:g}'
                         "</text>")
    for i, rtt in enumerate(RTTS):
        parts.append(f'<text x="8" y="{top + i * size + 38}">{rtt:g} ms RTT'
                     "</text>")
    y = top + len(RTTS) * size + 30
    parts.append(f'<text x="8" y="{y}">mean latency of min-latency over the '
                 f"better static choice; green: at most {BOUND}</text></svg>")
    return "\n".join(parts)


def markdown(cells, options, stamp):
    rows = ["| events/s | RTT ms | edge cores | min-latency ms | always edge "
            "ms | always cloud ms | ratio |", "|---|---|---|---|---|---|---|"]
    for c in cells:
        means = [p["mean_ms"] for p in c["policies"].values()]
        rows.append(f"| {c['rate']:g} | {c['rtt_ms']:g} | {c['edge_cores']:g} "
                    f"| {means[0]:.0f} | {means[1]:.0f} | {means[2]:.0f} | "
                    f"{c['ratio']:.3f} |")
    worst = max(c["ratio"] for c in cells)
    return (f"# Grid of steady conditions\n\n`tools/experiments grid --seconds "
            f"{options.seconds:g} --warm {options.warm:g}` (seed "
            f"{options.seed}): {len(cells)} cells, link and CPU quota emulated "
            f"on one machine, {platform.platform()}, {os.cpu_count()} cores, "
            f"{revision.words(stamp)}; "
            f"the policies take turns of {TURN_S:g} s. "
            "Means from the intended send time; ratio: min-latency over the "
            f"better static choice, at worst {worst:.3f} (bound {BOUND}).\n\n"
            "![ratio by cell](grid.svg)\n\n" + "\n".join(rows) + "\n")


def run(options, say):
    out, stamp = pathlib.Path(options.out), revision.stamp()
    out.mkdir(parents=True, exist_ok=True)
    todo = list(itertools.product(RATES, RTTS, EDGES))[:options.cells]
    cells = []
    best_ns = clusters.best_spin_ns()
    for number, (rate, rtt, edge) in enumerate(todo):
        say(f"cell {number + 1} of {len(todo)}")
        cells.append(play_cell(options, pathlib.Path(options.folder), best_ns,
                               rate, rtt, edge, say))
        (out / "grid.json").write_text(json.dumps(
            {**stamp, "seed": options.seed, "cells": cells}, indent=1))
        (out / "grid.md").write_text(markdown(cells, options, stamp))
        (out / "grid.svg").write_text(plot(cells))
    worst = max(cells, key=lambda c: c["ratio"])
    say(f"worst cell: ratio {worst['ratio']:.3f} (bound {BOUND})")
    return worst["ratio"] <= BOUND
