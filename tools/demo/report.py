"""Figures of a demo run: tables for people, plain values for files."""
import math
import statistics

BINS = [(1, 10), (11, 35), (36, 90), (91, 300)]


def quantile(values, q):
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)]


def latency_figures(events):
    answered = [1000 * e.latency for e in events
                if e.latency >= 0 and e.status == 200]
    return {
        "events": len(events),
        "images": sum(e.images for e in events),
        "answered": len(answered),
        "lost": len(events) - len(answered),
        "mean_ms": statistics.fmean(answered) if answered else math.nan,
        "p50_ms": quantile(answered, 0.50),
        "p95_ms": quantile(answered, 0.95),
        "p99_ms": quantile(answered, 0.99),
    }


def site_shares(events):
    """Share of HTTP events at the edge by batch size (MQTT 3.1.1 has no field
    in which an answer could name its site)."""
    rows = []
    for low, high in BINS:
        some = [e for e in events if e.site and low <= e.images <= high]
        edge = sum(e.site.startswith("edge") for e in some)
        rows.append({"images": f"{low}-{high}", "events": len(some),
                     "edge_share": edge / len(some) if some else None})
    return rows


def spark(values, width=60):
    """One line of blocks, log scale."""
    blocks = " .:-=+*#%@"
    values = [v for v in values if v > 0]
    if not values:
        return ""
    step = max(1, len(values) / width)
    cells, at = [], 0.0
    while at < len(values):
        part = values[int(at):max(int(at) + 1, int(at + step))]
        cells.append(statistics.fmean(part))
        at += step
    low, high = math.log(min(cells)), math.log(max(cells))
    scale = (len(blocks) - 1) / (high - low) if high > low else 0
    return "".join(blocks[int((math.log(c) - low) * scale)] for c in cells)


def table(rows, columns):
    cells = [[title for title, _ in columns]]
    for row in rows:
        cells.append([form(row) for _, form in columns])
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = ["  ".join(cell.rjust(width) if i else cell.ljust(width)
                       for i, (cell, width) in enumerate(zip(line, widths)))
             for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def phase_table(results):
    def ms(key):
        return lambda r: f"{r[key]:.1f}"
    return table(results, [
        ("phase / policy", lambda r: f"{r['phase']} / {r['policy']}"),
        ("events", lambda r: str(r["events"])),
        ("images", lambda r: str(r["images"])),
        ("lost", lambda r: str(r["lost"])),
        ("mean ms", ms("mean_ms")), ("p50", ms("p50_ms")),
        ("p95", ms("p95_ms")), ("p99", ms("p99_ms")),
        ("edge share by images " + " ".join(f"{a}-{b}" for a, b in BINS),
         lambda r: " ".join("-" if s["edge_share"] is None
                            else f"{100 * s['edge_share']:.0f}%"
                            for s in r["sites"])),
    ])
