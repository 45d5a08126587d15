"""Figures of choices over drawn batches. Pure; seconds of the paper."""
import math
import random

from stoic_live.laws import SITES, Stage


def exact(batches, chosen):
    """Share of the batches whose site was the best one."""
    return sum(c == b.best() for b, c in zip(batches, chosen)) / len(batches)


def edge_or_cloud(batches, chosen):
    """The authors' second measure: wrong only if the choice is not the best
    one, and one of the two is edge."""
    right = sum(c == b.best() or "edge" not in (c, b.best())
                for b, c in zip(batches, chosen))
    return right / len(batches)


def total(batches, chosen):
    return sum(b.total_s(c) for b, c in zip(batches, chosen))


def oracle(batches):
    return [b.best() for b in batches]


def worst(batches):
    return [max((s for s in SITES if s not in b.broken), key=b.total_s)
            for b in batches]


def row(name, batches, chosen, ran=""):
    """`ran`: "" for choices whose times are computed from the draws."""
    best = total(batches, oracle(batches))
    return {"name": name, "ran": ran, "total_s": total(batches, chosen),
            "over_oracle": total(batches, chosen) / best,
            "exact": exact(batches, chosen),
            "edge_or_cloud": edge_or_cloud(batches, chosen),
            "choices": {s: sum(c == s for c in chosen) for s in SITES}}


def difference(batches, chosen, other, seed=1, resamples=2000, block=5):
    """Mean seconds per batch by which `chosen` is above `other`, with its 95 %
    interval by a block bootstrap of the batches."""
    gaps = [b.total_s(c) - b.total_s(o)
            for b, c, o in zip(batches, chosen, other)]
    rng = random.Random(seed)
    means = []
    for _ in range(resamples):
        picked = []
        while len(picked) < len(gaps):
            begin = int(rng.random() * len(gaps))
            picked += [gaps[(begin + i) % len(gaps)] for i in range(block)]
        means.append(sum(picked[:len(gaps)]) / len(gaps))
    means.sort()
    return (sum(gaps) / len(gaps), means[int(0.025 * resamples)],
            means[int(0.975 * resamples)])


LEVEL, FEWEST = 1.05, 3


def level_after(mine, informed):
    """How many batches of a stage pass until, from there to its end (FEWEST at
    least), their seconds are at most LEVEL times those of the informed policy;
    None: they never are. Processing alone scatters by 8 %, so the mean of three
    by 5."""
    for begin in range(len(mine) - FEWEST + 1):
        if sum(mine[begin:]) <= LEVEL * sum(informed[begin:]):
            return begin
    return None


def by_the_laws(batches, chosen, knowing, stage):
    """Seconds that these choices are expected to take over those of the informed
    policy: what is left when no draw is lucky. Without failed events."""
    pairs = [(knowing.expected_s(site, b.images, stage),
              knowing.expected_s(knowing.choose(b.images, stage), b.images,
                                 stage))
             for b, site in zip(batches, chosen) if site]
    return sum(a for a, _ in pairs) / sum(b for _, b in pairs) if pairs else 1


def lucky(batches, records, knowing):
    """Where the choices differ from the informed policy's: how many, how many of
    them were made to learn, what all choices are expected to take over the
    informed ones, and the difference that cost most by its draw."""
    stage = Stage(0)
    others = [(b.total_s(r["site"]) - b.total_s(site), number, r["site"], site,
               r.get("reason", ""))
              for number, (b, r) in enumerate(zip(batches, records))
              for site in [knowing.choose(b.images, stage)]
              if r["status"] == 200 and r["site"] != site]
    sites = [r["site"] if r["status"] == 200 else "" for r in records]
    return {"differ": len(others),
            "explored": sum(reason == "explored" for *_, reason in others),
            "by_the_laws": by_the_laws(batches, sites, knowing, stage),
            "dearest": max(others, default=None)}


def mean(values):
    values = [v for v in values if v is not None and not math.isnan(v)]
    return sum(values) / len(values) if values else math.nan


def relative_error(record, part):
    """None where there is nothing to predict."""
    if (not record.get("predicted") or not record["measured"][part] > 0
            or (part == "deploy" and record.get("site") == "edge")):
        return None
    return (abs(record["predicted"][part] - record["measured"][part])
            / record["measured"][part])


def learning(records, part, width=25):
    """Mean relative error of the predictions of one part, over the first and
    the last `width` events that have it: the edge does not deploy."""
    errors = [relative_error(r, part) for r in records]
    errors = [e for e in errors if e is not None]
    return mean(errors[:width]), mean(errors[-width:])
