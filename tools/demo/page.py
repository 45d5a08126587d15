#!/usr/bin/python3
"""Makes a page and a plot of a demo report, for docs/results.

    tools/demo/page.py build/demo-report.json docs/results
"""
import json
import math
import pathlib
import statistics
import sys

COLOURS = {"min-latency": "#1b6ca8", "static:edge-1/cpu": "#c8553d",
           "static:cloud-1/cpu": "#6b8f3a"}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 860, 360, 70, 40, 60
LOW_MS, HIGH_MS = 3.0, 40_000.0


def y_of(ms):
    share = (math.log(max(LOW_MS, min(ms, HIGH_MS))) - math.log(LOW_MS)) / (
        math.log(HIGH_MS) - math.log(LOW_MS))
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def smooth(points, width_s=2.0):
    """Median of the events of each two seconds."""
    bins = {}
    for at, ms in points:
        bins.setdefault(int(at / width_s), []).append(ms)
    return [((key + 0.5) * width_s, statistics.median(values))
            for key, values in sorted(bins.items())]


def plot(report):
    phase_s = report["setting"]["phase_s"]
    span = 3 * phase_s
    x_of = lambda at: LEFT + (WIDTH - LEFT - 20) * at / span  # noqa: E731
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
             f'height="{HEIGHT}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<rect x="{x_of(phase_s):.1f}" y="{TOP}" '
             f'width="{x_of(2 * phase_s) - x_of(phase_s):.1f}" '
             f'height="{HEIGHT - TOP - BOTTOM}" fill="#f3efe6"/>',
             f'<text x="{x_of(phase_s) + 8:.1f}" '
             f'y="{HEIGHT - BOTTOM - 10}">the edge has '
             f'1/{report["setting"]["slowdown"]} of its CPU</text>']
    for ms in (10, 100, 1000, 10_000):
        y = y_of(ms)
        label = f"{ms} ms" if ms < 1000 else f"{ms // 1000} s"
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" '
                     f'y2="{y:.1f}" stroke="#ddd"/>'
                     f'<text x="8" y="{y + 4:.1f}">{label}</text>')
    for number, (policy, colour) in enumerate(COLOURS.items()):
        events = [e for e in report["events"] if e["policy"] == policy
                  and e["status"] == 200]
        first = min(e["sent_s"] for e in events)
        line = smooth([(e["sent_s"] - first, e["latency_ms"])
                       for e in events])
        path = " ".join(f"{x_of(at):.1f},{y_of(ms):.1f}" for at, ms in line)
        parts.append(f'<polyline points="{path}" fill="none" '
                     f'stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{LEFT + 220 * number}" y="{HEIGHT - 16}" '
                     f'fill="{colour}">{policy}</text>')
    for at in range(0, int(span) + 1, 20):
        parts.append(f'<text x="{x_of(at) - 8:.1f}" y="{HEIGHT - BOTTOM + 18}">'
                     f'{at} s</text>')
    parts.append(f'<text x="{LEFT}" y="22">latency from the intended send '
                 'time, median of two seconds</text></svg>')
    return "\n".join(parts) + "\n"


def page(report):
    setting = report["setting"]
    text = ["# The demo", "",
            "`tools/demo/demo.py` (as `tools/run --once` runs it), "
            f"{setting['machine']}, {setting['cores']} "
            f"cores, revision {setting['revision']}, {setting['at']}. "
            "Emulated on one machine: link "
            f"{setting['rtt_ms']} ms RTT "
            f"and {setting['mbit']} Mbit/s, edge {setting['edge_cores']:g} and "
            f"cloud {setting['cloud_cores']:g} of what a core there does at its "
            f"best ({setting['cpu_limit']}). "
            f"{setting['rate']:g} events/s by HTTP and MQTT, batches of "
            "Fashion-MNIST images with sizes from STOIC's data, the same "
            f"schedule (seed {setting['seed']}) for each policy; min-latency "
            f"and always-cloud in turns of {setting['turn_s']:g} s, always-edge "
            "after them. Latencies from the intended send time.", "", "![latency](demo.svg)", "",
            "| phase | policy | events | lost | mean ms | p50 | p95 | p99 | "
            "p99 steady |", "|---|---|---|---|---|---|---|---|---|"]
    for row in report["phases"]:
        text.append(
            f"| {row['phase']} | {row['policy']} | {row['events']} | "
            f"{row['lost']} | {row['mean_ms']:.1f} | {row['p50_ms']:.1f} | "
            f"{row['p95_ms']:.1f} | {row['p99_ms']:.1f} | "
            f"{row['steady']['p99_ms']:.1f} |")
    text += ["", "Share of HTTP events at the edge by images, min-latency:", "",
             "| phase | " + " | ".join(
                 s["images"] for s in report["phases"][0]["sites"]) + " |",
             "|---|" + "---|" * len(report["phases"][0]["sites"])]
    for row in report["phases"]:
        if row["policy"] == "min-latency":
            shares = " | ".join(
                "" if s["edge_share"] is None else f"{s['edge_share']:.0%}"
                for s in row["sites"])
            text.append(f"| {row['phase']} | {shares} |")
    text += ["", "Regret against an oracle: a sample of the events that min-latency "
             "routed, each one that was alone when it was sent, was run again at each "
             "site at the end of its phase, with nothing else running (means of two "
             "runs).", "",
             "| phase | events | chosen as the oracle | oracle ms | regret ms | "
             "always the worse site, regret ms |", "|---|---|---|---|---|---|"]
    for phase, of in report["oracle"].items():
        if of:
            text.append(
                f"| {phase} | {of['events']} | {of['agree']:.0%} | "
                f"{of['oracle_ms']:.1f} | {of['regret_ms']:.1f} | "
                f"{of['worst_site_ms'] - of['oracle_ms']:.1f} |")
    change = report["transition"]
    text += ["", "Seconds from the first slow reply until new events go to the "
             f"better site: {change['slow_s']}; from the first fast one after "
             f"the recovery: {change['fast_s']}.", "", "Checks:", ""]
    for check in report["checks"]:
        text.append(f"- {'holds' if check['holds'] else '**fails**'}: "
                    f"{check['check']}")
    return "\n".join(text) + "\n"


def main():
    report = json.loads(pathlib.Path(sys.argv[1]).read_text())
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    (out / "demo.svg").write_text(plot(report))
    (out / "demo.md").write_text(page(report))


if __name__ == "__main__":
    main()
