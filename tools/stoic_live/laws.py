"""What the emulated sites do: sizes, deployments and processing of each batch on
each site, drawn beforehand, and choosers that know them. Pure; seconds of the
paper throughout."""
import csv
import dataclasses
import hashlib
import math
import random

SITES = ("edge", "cpu", "gpu1", "gpu2")
# Seconds per image and intercept: the authors' lines (papers: STOIC notebook).
LINES = {"edge": (2.3955, 13.60), "cpu": (1.3338, 14.91),
         "gpu1": (0.3272, 28.16), "gpu2": (0.1993, 21.27)}
IMAGE_MB, LINK_MBIT = 0.212, 70.7916
NOISE = 0.08  # standard deviation of the logarithm of processing
BLOCK = 5     # consecutive batches of the record that stay together
SERIES = "batches_feb2020"


def transfer_s(site, images):
    """The authors' model; the edge has its images."""
    return 0.0 if site == "edge" else images * IMAGE_MB * 8 / LINK_MBIT


def process_s(site, images):
    slope, intercept = LINES[site]
    return slope * images + intercept


@dataclasses.dataclass(frozen=True)
class Batch:
    """What each site would take."""
    images: int
    deploy_s: dict
    process_s: dict
    broken: frozenset = frozenset()  # sites that cannot deploy now
    thin: float = 1.0                # factor of the links' rate

    def total_s(self, site):
        if site in self.broken:
            return math.inf
        return (transfer_s(site, self.images) / self.thin
                + self.deploy_s[site] + self.process_s[site])

    def best(self):
        return min(SITES, key=self.total_s)


@dataclasses.dataclass(frozen=True)
class Stage:
    """Batches from `begin` on are met by another world."""
    begin: int
    deploy: float = 1.0  # factor
    thin: float = 1.0
    broken: frozenset = frozenset()


def stage_at(stages, number):
    now = Stage(0)
    for one in stages:
        if one.begin <= number:
            now = one
    return now


def read_series(folder):
    """Measured deployments by site, in the order of the batches."""
    found = {site: [] for site in SITES if site != "edge"}
    with open(folder / "deployment_seconds.csv") as file:
        for row in csv.DictReader(file):
            if row["series"] == SERIES:
                found[row["runtime"]].append(float(row["deploy_s"]))
    return found


def read_sizes(folder):
    with open(folder / "batch_trace.csv") as file:
        return [int(row["image_count"]) for row in csv.DictReader(file)]


def block_bootstrap(series, count, rng, block=BLOCK):
    """Blocks of consecutive values, around the end; the same places for all
    sites, so that what they share stays shared."""
    length = min(len(values) for values in series.values())
    drawn = {site: [] for site in series}
    while len(next(iter(drawn.values()))) < count:
        begin = int(rng.random() * length)
        for site, values in series.items():
            drawn[site] += [values[(begin + i) % length] for i in range(block)]
    return {site: values[:count] for site, values in drawn.items()}


def normal(rng):
    """Box and Muller's, of random() alone: its sequence is promised."""
    return (math.sqrt(-2 * math.log(1 - rng.random()))
            * math.cos(2 * math.pi * rng.random()))


def draw(sizes, series, count, seed, stages=()):
    """`count` batches; sizes in the order of the trace, from its begin again."""
    rng = random.Random(seed)
    deploys = block_bootstrap(series, count, rng)
    made = []
    for number in range(count):
        images = sizes[number % len(sizes)]
        now = stage_at(stages, number)
        deploy = {site: round(now.deploy * values[number], 3)
                  for site, values in deploys.items()}
        process = {site: round(process_s(site, images)
                               * math.exp(NOISE * normal(rng)), 3)
                   for site in SITES}
        made.append(Batch(images, {"edge": 0.0, **deploy}, process,
                          now.broken, now.thin))
    return made


def digest(batches):
    """Of everything drawn: two runs with the same one met the same world."""
    text = "\n".join(
        f"{b.images} {b.thin:g} {','.join(sorted(b.broken))} "
        + " ".join(f"{b.deploy_s[s]:.3f}+{b.process_s[s]:.3f}" for s in SITES)
        for b in batches)
    return hashlib.sha256(text.encode()).hexdigest()


class Informed:
    """Knows every law, and none of the draws: the least expected total."""

    def __init__(self, series):
        self.mean_s = {site: sum(v) / len(v) for site, v in series.items()}
        self.mean_s["edge"] = 0.0

    def expected_s(self, site, images, stage=Stage(0)):
        if site in stage.broken:
            return math.inf
        return (transfer_s(site, images) / stage.thin
                + stage.deploy * self.mean_s[site]
                + process_s(site, images) * math.exp(NOISE ** 2 / 2))

    def choose(self, images, stage=Stage(0)):
        return min(SITES, key=lambda s: self.expected_s(s, images, stage))
