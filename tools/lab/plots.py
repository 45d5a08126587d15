"""The plots of a report. Pure: from records to text."""
import statistics

from lab import figures
from lab.plot import (GAP, LEFT, RIGHT, WIDTH, Scale, colour, document,
                      even_ticks, lanes, legend, line, log_ticks, path, rect,
                      shade, text, time_axis)

PANEL = 170
WINDOWS = 60  # over the length


def window_ms(length_ms):
    return max(500.0, length_ms / WINDOWS)


def by_window(records, width, value):
    """(middle ms, value of that window's records)."""
    bins = {}
    for one in records:
        bins.setdefault(int(one["at_ms"] / width), []).append(one)
    return [((key + 0.5) * width, value(found))
            for key, found in sorted(bins.items())]


def latency(scenario, spans, ways):
    """A panel per way: each event by its site, and the windows' medians.
    `ways`: name -> records of the first round."""
    seconds = scenario.length_ms / 1000
    sites = [s.name for s in scenario.sites]
    every = [r["latency_ms"] for records in ways.values()
             for r in figures.good(records)] or [1.0]
    low, high = max(0.2, min(every) * 0.8), max(every) * 1.1
    x = Scale(0, seconds, LEFT, WIDTH - RIGHT)
    parts = [text(LEFT, 22, "Latency over time, from the intended send time "
                  "(log scale, ms)", 15, bold=True)]
    parts += legend(sites, 44)
    parts.append(text(WIDTH - RIGHT, 44, "dot: event by its site; line: "
                      "median; thin line: p95", 11, "end", "#666"))
    more, height = lanes(spans, x, 56, sites)
    parts += more
    top = 56 + height + 22
    for name, records in ways.items():
        parts += latency_panel(name, figures.good(records), sites, spans, x,
                               top, seconds, low, high, scenario)
        top += PANEL + GAP
    return document(top + 6, parts, "latency over time")


def latency_panel(name, records, sites, spans, x, top, seconds, low, high,
                  scenario):
    bottom = top + PANEL
    y = Scale(low, high, bottom, top, log=True)
    parts = [text(LEFT, top - 5, name, 13, bold=True)]
    parts += time_axis(x, seconds, top, bottom)
    parts += shade(spans, x, top, bottom)
    for tick in log_ticks(low, high):
        parts.append(line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#e4e4e4"))
        parts.append(text(LEFT - 6, y(tick) + 4, f"{tick:g}", 11, "end"))
    if scenario.warm_up_ms > 0:
        parts.append(rect(x(0), top, x(scenario.warm_up_ms / 1000) - x(0),
                          PANEL, "#fff", 0.0))
        parts.append(line(x(scenario.warm_up_ms / 1000), top,
                          x(scenario.warm_up_ms / 1000), bottom, "#bbb"))
        parts.append(text(x(scenario.warm_up_ms / 1000) - 3, top + 11,
                          "warm-up", 9, "end", "#888"))
    for number, site in enumerate(sites):
        dots = "".join(
            f"M{x(r['at_ms'] / 1000):.1f} {y(r['latency_ms']):.1f}h0"
            for r in records if r["site"] == site)
        if dots:
            parts.append(f'<path d="{dots}" stroke="{colour(number)}" '
                         'stroke-width="2.6" stroke-linecap="round" '
                         'stroke-opacity="0.45" fill="none"/>')
    width = window_ms(scenario.length_ms)
    for share, stroke in ((0.5, 2.0), (0.95, 0.9)):
        points = by_window(records, width, lambda found, share=share:
                           figures.quantile(sorted(
                               r["latency_ms"] for r in found), share))
        parts.append(path([(x(at / 1000), y(ms)) for at, ms in points],
                          "#111", stroke))
    return parts


def shares(scenario, spans, ways):
    """Which share of the events each site got, stacked."""
    seconds = scenario.length_ms / 1000
    sites = [s.name for s in scenario.sites]
    x = Scale(0, seconds, LEFT, WIDTH - RIGHT)
    parts = [text(LEFT, 22, "Share of events by site over time", 15,
                  bold=True)] + legend(sites, 44)
    more, height = lanes(spans, x, 56, sites)
    parts += more
    top = 56 + height + 22
    panel = 110
    width = 2 * window_ms(scenario.length_ms)
    for name, records in ways.items():
        bottom = top + panel
        y = Scale(0, 1, bottom, top)
        parts.append(text(LEFT, top - 5, name, 13, bold=True))
        below = {}
        for number, site in enumerate(sites):
            points = by_window(figures.good(records), width, lambda found,
                               site=site: statistics.fmean(
                                   r["site"] == site for r in found))
            upper = [(at, below.get(at, 0) + share) for at, share in points]
            lower = [(at, below.get(at, 0)) for at, _ in points]
            parts.append(path(
                [(x(at / 1000), y(v)) for at, v in upper]
                + [(x(at / 1000), y(v)) for at, v in reversed(lower)],
                "#fff", 0.5, fill=colour(number), opacity=0.75))
            below = dict(upper)
        parts += shade(spans, x, top, bottom)
        parts += time_axis(x, seconds, bottom, bottom)
        for tick in (0, 0.5, 1):
            parts.append(text(LEFT - 6, y(tick) + 4, f"{tick:.0%}", 11, "end"))
        top += panel + GAP
    return document(top + 6, parts, "shares of sites over time")


def steps(values, x, y, low):
    ordered = sorted(values)
    n = len(ordered)
    step = max(1, n // 500)
    keep = sorted({*range(0, n, step), *range(max(0, n - 60), n)})
    return [(x(max(ordered[i], low)), y((i + 1) / n)) for i in keep]


def ecdf(ways, simulated):
    """Distribution per way, lab solid and simulator dashed. `ways`, `simulated`:
    name -> records of all rounds, without the warm-up."""
    lab = {name: [r["latency_ms"] for r in figures.good(records)]
           for name, records in ways.items()}
    sim = {name: [r["latency_ms"] for r in records]
           for name, records in simulated.items()}
    every = [v for values in (*lab.values(), *sim.values()) for v in values]
    if not every:
        every = [1.0, 10.0]
    low, high = max(0.2, min(every) * 0.8), max(every) * 1.1
    top, bottom = 66, 430
    x = Scale(low, high, LEFT, WIDTH - RIGHT, log=True)
    y = Scale(0, 1, bottom, top)
    parts = [text(LEFT, 22, "Latency distribution per way (log scale, ms): lab "
                  "solid, simulator dashed", 15, bold=True)]
    parts += legend(list(ways), 46)
    for tick in log_ticks(low, high):
        parts.append(line(x(tick), top, x(tick), bottom, "#e4e4e4"))
        parts.append(text(x(tick), bottom + 15, f"{tick:g}", 11, "middle"))
    for tick in (0, 0.25, 0.5, 0.75, 0.95, 1):
        parts.append(line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#e4e4e4"))
        parts.append(text(LEFT - 6, y(tick) + 4, f"{tick:g}", 11, "end"))
    for number, name in enumerate(ways):
        parts.append(path(steps(sim.get(name, []), x, y, low) if sim.get(name)
                          else [], colour(number), 1.3, "5,4"))
        parts.append(path(steps(lab[name], x, y, low) if lab[name] else [],
                          colour(number), 2.0))
    return document(bottom + 30, parts, "latency distributions")


def cpu(scenario, spans, ways, cores):
    """How busy the machine was: all of it, and the lab's own part. `ways`:
    name -> samples of the first round."""
    seconds = scenario.length_ms / 1000
    x = Scale(0, seconds, LEFT, WIDTH - RIGHT)
    top, bottom = 66, 220
    y = Scale(0, 1, bottom, top)
    parts = [text(LEFT, 22, f"CPU use of the machine ({cores} cores): all "
                  "solid, the lab's own processes dashed", 15, bold=True)]
    parts += legend(list(ways), 46)
    parts += time_axis(x, seconds, top, bottom) + shade(spans, x, top, bottom)
    for tick in even_ticks(1, 4):
        parts.append(line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#e4e4e4"))
        parts.append(text(LEFT - 6, y(tick) + 4, f"{tick:.0%}", 11, "end"))
    for number, samples in enumerate(ways.values()):
        inside = [s for s in samples if 0 <= s["at_s"] <= seconds]
        parts.append(path([(x(s["at_s"]), y(s["machine"])) for s in inside],
                          colour(number), 1.8))
        parts.append(path([(x(s["at_s"]), y(sum(s["cores"].values()) / cores))
                           for s in inside], colour(number), 1.2, "4,3"))
    return document(bottom + 26, parts, "CPU use")
