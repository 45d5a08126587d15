"""Figures of records. A record is a dict with at_ms, latency_ms, site, queue_ms,
service_ms, cold_ms; of the lab also status and sent_ms. Pure."""
import math
import statistics

PARTS = ["queue", "service", "cold", "rest"]
LAG_BOUND_MS = 5.0
MEAN_BOUND, P99_BOUND = 0.10, 0.20
BLOCK_MS = 2000.0


def quantile(ordered, share):
    """As faas-sim takes it."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def quantile_interval(ordered, share):
    """95 % interval of a quantile from its order statistics (normal
    approximation of the binomial)."""
    n = len(ordered)
    half = 1.96 * math.sqrt(n * share * (1 - share))
    low = max(0, math.floor(n * share - half))
    high = min(n - 1, math.ceil(n * share + half))
    return ordered[low], ordered[high]


def good(records):
    return [r for r in records if r.get("status", 200) == 200]


def rest(record):
    return record["latency_ms"] - sum(record[f"{part}_ms"]
                                      for part in PARTS[:3])


def failures(records):
    """How many events failed, by status; 599: no answer came."""
    made = {}
    for one in records:
        status = one.get("status", 200)
        if status != 200:
            made[str(status)] = made.get(str(status), 0) + 1
    return dict(sorted(made.items()))


def summary(records):
    """None for no answered event at all."""
    answered = good(records)
    if not answered:
        return None
    ordered = sorted(r["latency_ms"] for r in answered)
    sites = {}
    for one in answered:
        sites[one["site"]] = sites.get(one["site"], 0) + 1
    parts = {part: statistics.fmean(
        rest(r) if part == "rest" else r[f"{part}_ms"] for r in answered)
        for part in PARTS}
    return {"events": len(records), "failed": len(records) - len(answered),
            "failed_by_status": failures(records),
            "mean_ms": statistics.fmean(ordered),
            "p50_ms": quantile(ordered, 0.5), "p95_ms": quantile(ordered, 0.95),
            "p99_ms": quantile(ordered, 0.99), "longest_ms": ordered[-1],
            "p99_interval_ms": quantile_interval(ordered, 0.99),
            "parts_ms": parts, "shares": {
                site: count / len(answered)
                for site, count in sorted(sites.items())}}


def lag(records):
    """How late the generator sent, ms."""
    late = sorted(r["sent_ms"] - r["at_ms"] for r in records)
    if not late:
        return None
    return {"p50_ms": quantile(late, 0.5), "p99_ms": quantile(late, 0.99),
            "longest_ms": late[-1],
            "valid": quantile(late, 0.99) <= LAG_BOUND_MS}


# Quantile 0.975 of Student's t.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447,
           7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 12: 2.179, 15: 2.131,
           20: 2.086, 30: 2.042, 60: 2.000}


def student(freedom):
    known = [n for n in STUDENT if n <= freedom]
    return STUDENT[max(known)]


def paired(runs, others):
    """Difference of the mean latencies of two policies on the same events:
    (mean, half of its 95 % interval), by blocks of two seconds of each round
    (`runs`, `others`: lists of records, by round), which have as much weight as
    they have events (ratio estimator). Events that either lost are left out of
    both. None: there are none."""
    blocks = {}  # -> [sum of differences, events]
    for number, (mine, theirs) in enumerate(zip(runs, others)):
        by_id = {r["id"]: r for r in good(theirs)}
        for one in good(mine):
            if one["id"] in by_id:
                block = blocks.setdefault(
                    (number, int(one["at_ms"] / BLOCK_MS)), [0.0, 0])
                block[0] += one["latency_ms"] - by_id[one["id"]]["latency_ms"]
                block[1] += 1
    count = len(blocks)
    events = sum(n for _, n in blocks.values())
    if not events:
        return None
    mean = sum(total for total, _ in blocks.values()) / events
    if count < 2:
        return mean, None
    squares = sum((total - mean * n) ** 2 for total, n in blocks.values())
    return mean, (student(count - 1) * math.sqrt(squares * count / (count - 1))
                  / events)


def spread(summaries):
    """How much runs differ: lowest and highest mean and p99; None: no runs."""
    known = [one for one in summaries if one]
    if not known:
        return None
    return {"runs": len(known), **{key: (min(one[key] for one in known),
                                         max(one[key] for one in known))
                                   for key in ("mean_ms", "p99_ms")}}


def off(lab, sim):
    return lab / sim - 1


def agreement(lab, sim):
    """Lab beside simulator, both summaries: what holds, and why it does not."""
    mean, p99 = off(lab["mean_ms"], sim["mean_ms"]), off(lab["p99_ms"],
                                                         sim["p99_ms"])
    # A node says `cold` of all that wait for a load, the simulator of the first.
    parts = {part: sum(lab["parts_ms"][p] - sim["parts_ms"][p]
                       for p in (("queue", "cold") if part == "queue"
                                 else (part,)))
             for part in PARTS if part != "cold"}
    shares = {site: lab["shares"].get(site, 0) - sim["shares"].get(site, 0)
              for site in sorted({*lab["shares"], *sim["shares"]})}
    low, high = lab["p99_interval_ms"]
    other_low, other_high = sim["p99_interval_ms"]
    return {"mean_off": mean, "p99_off": p99,
            "mean_holds": abs(mean) <= MEAN_BOUND,
            "p99_holds": abs(p99) <= P99_BOUND,
            "p99_told_apart": high < other_low or other_high < low,
            "parts_off_ms": parts, "shares_off": shares}


def reasons(found, usage, lags, rounds=(), spread_of=None):
    """Sentences: why lab and simulator differ, as far as the figures tell.
    `rounds`: summaries of the lab's; `spread_of`: of the simulator's runs."""
    said = []
    if spread_of and not found["mean_holds"]:
        low, high = spread_of["mean_ms"]
        inside = all(low <= one["mean_ms"] <= high for one in rounds if one)
        said.append(
            f"{spread_of['runs']} runs of the simulator with other seeds have "
            f"means from {low:.1f} to {high:.1f} ms, and the lab's rounds "
            + ("all lie within" if inside else "do not lie within"))
    if usage and usage["saturated"]:
        said.append(f"the machine was busy for {usage['machine']:.0%} of the "
                    f"time ({usage['others']:.0%} by other programs), so "
                    "these figures are not of the scenario alone")
    if lags and not lags["valid"]:
        said.append(f"the generator was late (p99 {lags['p99_ms']:.1f} ms)")
    part = max(found["parts_off_ms"], key=lambda p: abs(
        found["parts_off_ms"][p]))
    names = {"queue": "waiting and loading at the sites", "service": "service",
             "rest": "network and the nodes' own work"}
    said.append(f"most of the difference is {names[part]}: "
                f"{found['parts_off_ms'][part]:+.1f} ms per event")
    site = max(found["shares_off"], key=lambda s: abs(found["shares_off"][s]))
    if abs(found["shares_off"][site]) >= 0.03:
        said.append(f"{site} got {found['shares_off'][site] * 100:+.0f} points "
                    "of the events")
    if found["mean_holds"] and not found["p99_told_apart"]:
        said.append("the p99 of so few events is no better known: their 95 % "
                    "intervals overlap")
    return said


def expected_link_ms(site, record):
    """What the emulated link itself takes for an event, mean."""
    at = record["at_ms"]
    made = site.rtt_ms * site.factor("rtt", at) + 2 * site.jitter_ms
    for bytes_, mbit in ((record["bytes"], site.mbit),
                         (record["reply_bytes"], site.mbit_back)):
        if mbit > 0:
            rate = mbit * site.factor("bandwidth", at)
            made += bytes_ * 8 / (rate * 1000)
    return made


def expected_service_ms(site, record, queued_ms):
    """Work under the slow-down, which may change meanwhile."""
    now, work = record["at_ms"] + queued_ms, record["work_ms"] * site.slowdown
    took = 0.0
    while True:
        factor, until = site.holds("slowdown", now)
        if work * factor <= until - now:
            return took + work * factor
        work -= (until - now) / factor
        took += until - now
        now = until


def fidelity(sites, records):
    """By site: how much longer than asked for its service took, and its way
    beside the emulated link; ms. The way holds what the nodes need themselves,
    and what waits for the bytes ahead."""
    made = {}
    for site in sites:
        mine = [r for r in good(records) if r["site"] == site.name]
        if len(mine) < 20:
            continue
        late = sorted(r["service_ms"] - expected_service_ms(
            site, r, r["queue_ms"] + r["cold_ms"] + site.rtt_ms / 2)
            for r in mine)
        way = sorted(rest(r) - expected_link_ms(site, r) for r in mine)
        made[site.name] = {
            "service_late_p50_ms": quantile(late, 0.5),
            "service_late_p99_ms": quantile(late, 0.99),
            "way_over_link_p50_ms": quantile(way, 0.5),
            "way_over_link_p99_ms": quantile(way, 0.99)}
    return made
