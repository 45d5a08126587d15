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
        warm = x(scenario.warm_up_ms / 1000)
        parts.append(rect(LEFT, top, warm - LEFT, PANEL, "#b8a000", 0.10))
        parts.append(text(LEFT + 3, top + 11, "warm-up", 9, fill="#8a7a10"))
    for number, site in enumerate(sites):
        dots = "".join(
            f"M{x(r['at_ms'] / 1000):.1f} {y(r['latency_ms']):.1f}h0"
            for r in records if r["site"] == site)
        if dots:
            parts.append(f'<path d="{dots}" stroke="{colour(number)}" '
                         'stroke-width="3" stroke-linecap="round" '
                         'stroke-opacity="0.55" fill="none"/>')
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
            if points:  # the first and last window reach to the ends
                points = [(0, points[0][1]), *points,
                          (scenario.length_ms, points[-1][1])]
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


def thinned(values):
    """Some (value, share up to it) of sorted values; all of the tail."""
    ordered = sorted(values)
    n = len(ordered)
    keep = sorted({*range(0, n, max(1, n // 400)),
                   *range(max(0, n - n // 50 - 20), n)})
    return [(ordered[i], (i + 1) / n) for i in keep]


def ecdf(ways, simulated):
    """Distribution per way, lab solid and simulator dashed: all of it, and the
    tail apart. `ways`, `simulated`: name -> records of all rounds, without the
    warm-up."""
    lab = {name: [r["latency_ms"] for r in figures.good(records)]
           for name, records in ways.items()}
    sim = {name: [r["latency_ms"] for r in records]
           for name, records in simulated.items()}
    every = [v for values in (*lab.values(), *sim.values()) for v in values]
    every = every or [1.0, 10.0]
    low, high = max(0.2, min(every) * 0.8), max(every) * 1.1
    x = Scale(low, high, LEFT, WIDTH - RIGHT, log=True)
    parts = [text(LEFT, 22, "Latency distribution (log scale, ms): lab solid, "
                  "simulator dashed", 15, bold=True)]
    parts += legend(list(ways), 46)
    parts.append(text(LEFT, 66, "share of events at most that late", 11,
                      fill="#666"))
    parts += distribution(lab, sim, x, Scale(0, 1, 330, 72),
                          [(t, f"{t:g}") for t in (0, 0.25, 0.5, 0.75, 1)],
                          low, high, lambda share: share)
    parts.append(text(LEFT, 372, "the tail: share of events later than that "
                      "(log scale)", 11, fill="#666"))
    parts += distribution(
        lab, sim, x, Scale(0.0005, 1, 580, 378, log=True),
        [(1, "100 %"), (0.1, "10 %"), (0.05, "5 % (p95)"), (0.01, "1 % (p99)"),
         (0.001, "0.1 %")], low, high, lambda share: max(1 - share, 0.0005))
    return document(606, parts, "latency distributions")


def distribution(lab, sim, x, y, ticks, low, high, upright):
    parts = []
    top, bottom = min(y.begin, y.end), max(y.begin, y.end)
    for tick in log_ticks(low, high):
        parts.append(line(x(tick), top, x(tick), bottom, "#e4e4e4"))
        parts.append(text(x(tick), bottom + 15, f"{tick:g}", 11, "middle"))
    for tick, words in ticks:
        parts.append(line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#e4e4e4"))
        parts.append(text(LEFT - 6, y(tick) + 4, words, 11, "end"))
    for number, name in enumerate(lab):
        for values, width, dash in ((sim.get(name), 1.3, "5,4"),
                                    (lab[name], 2.0, "")):
            if values:
                parts.append(path([(x(ms), y(upright(share)))
                                   for ms, share in thinned(values)],
                                  colour(number), width, dash))
    return parts


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
