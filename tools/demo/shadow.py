"""Regret against an oracle: a sample of the events is run again, alone, at each
site, while nothing else runs. Only events that were alone, too, when they were
sent: then the better site is the one that is faster in the shadow runs."""
import copy
import statistics
import threading
import time

REPEATS = 2
LONGEST_S = 30


def sample(events, count, settled_s):
    """At most `count` events that say where they ran, spread over the time."""
    fit = [e for e in events if e.by == "http" and e.alone and e.status == 200
           and e.site and e.at >= settled_s]
    if len(fit) <= count:
        return fit
    step = len(fit) / count
    return [fit[int((i + 0.5) * step)] for i in range(count)]


def run_once(sender, event, function):
    """Milliseconds that it takes there now; None without a good answer."""
    again = copy.copy(event)
    ended = threading.Event()
    begin = time.monotonic()
    sender.send(again, function, lambda _: ended.set())
    if not ended.wait(LONGEST_S) or again.status != 200:
        return None
    return 1000 * (time.monotonic() - begin)


def run(sender, events, sites):
    """`sites`: site name -> function that always runs there. One row per event
    that all sites answered."""
    rows = []
    for number, event in enumerate(events):
        times = {site: [] for site in sites}
        order = list(sites)
        for turn in range(REPEATS):
            for site in order if (number + turn) % 2 == 0 else order[::-1]:
                times[site].append(run_once(sender, event, sites[site]))
        if all(t is not None for some in times.values() for t in some):
            rows.append({"images": event.images, "chosen": event.site,
                         "ms": {site: statistics.fmean(some)
                                for site, some in times.items()}})
    return rows


def figures(rows):
    """Means over the rows; None without any."""
    if not rows:
        return None
    best = [min(row["ms"].values()) for row in rows]
    chosen = [row["ms"][row["chosen"]] for row in rows]
    return {"events": len(rows),
            "agree": statistics.fmean(c == b for c, b in zip(chosen, best)),
            "oracle_ms": statistics.fmean(best),
            "regret_ms": statistics.fmean(c - b
                                          for c, b in zip(chosen, best)),
            "worst_site_ms": statistics.fmean(
                max(row["ms"].values()) for row in rows)}
