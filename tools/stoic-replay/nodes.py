"""STOIC's record through the nodes' own predictor and policies (libfaas/routing),
by tools/stoic-draws. Not part of the frozen experiment: added afterwards."""
import csv
import random
import subprocess

SITES = ("edge", "cpu", "gpu1", "gpu2")
CONTIGUOUS = {0, 1, 2, 6, *range(10, 34)}
# Two runs on each runtime before the first batch, as the authors had; their
# sizes are not published.
SET_UP_IMAGES = (35, 120)
EXPECTED_DEPLOY_S = {"edge": 0.0, "cpu": 30.0, "gpu1": 30.0, "gpu2": 30.0}
# Row, words for the program, whether each batch's deployments on all runtimes
# become known, as to the authors' prober.
WAYS = (
    ("min-latency, all deployments told", [], True),
    ("min-latency", [], False),
    ("STOIC's Selector as policy `stoic`, all deployments told",
     ["--policy", "stoic"], True),
)
BLOCK, RESAMPLES = 5, 10_000


def read_batches(folder):
    """The semi-synthetic batches, in order."""
    found = {}
    with open(folder / "batches_feb2020_semisynthetic.csv", newline="") as file:
        for row in csv.DictReader(file):
            one = found.setdefault(int(row["batch_index"]), {
                "index": int(row["batch_index"]),
                "images": float(row["image_count"]), "deploy": {},
                "process": {}, "total": {}})
            site = row["runtime"]
            one["deploy"][site] = float(row["deploy_s"])
            one["process"][site] = float(row["process_s"])
            one["total"][site] = float(row["total_s"])
            if row["chosen_by_authors"] == "1":
                one["authors"] = site
    return [found[index] for index in sorted(found)]


def read_profiles(folder):
    """Slope and intercept by site, by the authors' profile runs."""
    with open(folder / "processing_profile.csv", newline="") as file:
        return {row["runtime"]: (float(row["slope_s_per_image"]),
                                 float(row["intercept_s"]))
                for row in csv.DictReader(file)
                if row["kind"] == "authors_bayesian_ridge"}


def line(part, site, images, deploy, process):
    times = [f"{value:.5f}" for s in SITES
             for value in (0, deploy[s], process[s])]
    return ",".join(["1", part, site, f"{images:g}", *times])


def set_up(profiles):
    for site in SITES:
        for images in SET_UP_IMAGES:
            process = {s: profiles[s][0] * images + profiles[s][1]
                       for s in SITES}
            yield line("set-up", site, images, EXPECTED_DEPLOY_S, process)


def table(batches, profiles, told):
    """What stoic-draws reads. The outcome of a batch comes after its choice."""
    head = ["world", "part", "site", "images"] + [
        f"{s}_{what}" for s in SITES
        for what in ("transfer", "deploy", "process")]
    lines = [",".join(head), *set_up(profiles)]
    for one in batches:
        outcome = one["images"], one["deploy"], one["process"]
        lines.append(line("main", "", *outcome))
        if told:
            lines.append(line("deploy", "", *outcome))
    return "\n".join(lines) + "\n"


def resampled(values, seed=1):
    """Mean and its 95 % interval by a block bootstrap."""
    rng = random.Random(seed)
    count, means = len(values), []
    for _ in range(RESAMPLES):
        drawn = []
        while len(drawn) < count:
            first = rng.randrange(count)
            drawn += [values[(first + i) % count] for i in range(BLOCK)]
        means.append(sum(drawn[:count]) / count)
    means.sort()
    return (sum(values) / count, means[int(0.025 * RESAMPLES)],
            means[int(0.975 * RESAMPLES)])


def scored(batches, chosen):
    """One row over these batches; seconds per batch."""
    best = [min(one["total"].values()) for one in batches]
    took = [one["total"][site] for one, site in zip(batches, chosen)]
    authors = [one["total"][one["authors"]] for one in batches]
    return {"batches": len(batches), "oracle_s": sum(best),
            "total_s": sum(took), "over_oracle": sum(took) / sum(best) - 1,
            "authors_over_oracle": sum(authors) / sum(best) - 1,
            "hits": sum(a == b for a, b in zip(took, best)),
            "over_authors_s": resampled(
                [a - b for a, b in zip(took, authors)])}


def choices(program, words, text):
    done = subprocess.run([str(program), *words], input=text, text=True,
                          capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip() or f"{program} failed")
    return [row.split(",")[1] for row in done.stdout.splitlines()]


def play(program, folder):
    """All rows, over the contiguous measured and all semi-synthetic batches."""
    batches, profiles = read_batches(folder), read_profiles(folder)
    rows = []
    for name, words, told in WAYS:
        chosen = choices(program, words, table(batches, profiles, told))
        if len(chosen) != len(batches):
            raise SystemExit(f"{program} chose for {len(chosen)} of "
                             f"{len(batches)} batches")
        first = [i for i, one in enumerate(batches)
                 if one["index"] in CONTIGUOUS]
        rows.append({"name": name,
                     "contiguous": scored([batches[i] for i in first],
                                          [chosen[i] for i in first]),
                     "semisynthetic": scored(batches, chosen)})
    return rows
