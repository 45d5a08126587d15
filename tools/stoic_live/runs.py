"""What is run and what is computed: the plays on real nodes, and the choosers
that need none, since all that sites do is drawn beforehand."""
import dataclasses
import pathlib
import time

from stoic_live import figures, laws, play

COUNT = 154      # batches, as the authors'
PINNED = 50      # as the authors' run on gpu1
SET_UP = (33, 10)  # the authors' set-up sizes, for each site
VERSIONS = len(laws.SITES) + 1  # one that is bound to each site, and the last
# Another world from a batch on.
STAGES = (laws.Stage(0), laws.Stage(15, thin=0.1), laws.Stage(27),
          laws.Stage(35, deploy=4.0), laws.Stage(47),
          laws.Stage(55, broken=frozenset({"gpu2"})), laws.Stage(67))
STAGE_NAMES = ("as usual", "links at a tenth", "as usual again",
               "deployments x4", "as usual again", "gpu2 cannot deploy",
               "gpu2 is back")
STAGED = 80


def worlds(folder, seed):
    """All draws of the experiment, from the tables in `folder`."""
    sizes, series = laws.read_sizes(folder), laws.read_series(folder)
    count = len(SET_UP) * len(laws.SITES)
    return {"series": series,
            "set_up": laws.draw(SET_UP, series, count, seed + 1000),
            "deployed": laws.draw((1,), series, VERSIONS, seed + 3000),
            "main": laws.draw(sizes, series, COUNT, seed),
            "pinned": laws.draw(sizes, series, PINNED, seed + 1),
            "staged": laws.draw(sizes, series, STAGED, seed + 2, STAGES)}


def computed(batches, series, stages=()):
    """Rows of choosers that know: choices by name."""
    informed = laws.Informed(series)
    rows = {"oracle": figures.oracle(batches),
            "informed": [informed.choose(b.images, laws.stage_at(stages, i))
                         for i, b in enumerate(batches)]}
    for site in laws.SITES:
        rows[f"{site} only"] = [site] * len(batches)
    rows["worst"] = figures.worst(batches)
    return rows


def loaded(batches):
    """The same where nothing has to be deployed."""
    none = {site: 0.0 for site in laws.SITES}
    return [dataclasses.replace(b, deploy_s=none) for b in batches]


def duplicator(batches, series, gpu):
    """STOIC's Duplicator with the true lines: the edge begins at once, the GPU
    deploys beside it; when it is ready, the one that is expected to end first
    goes on. Totals and extra work (seconds of the site that is given up)."""
    total = extra = 0.0
    for b in batches:
        edge = b.total_s("edge")
        ready = laws.transfer_s(gpu, b.images) + b.deploy_s[gpu]
        left = laws.process_s("edge", b.images) - ready
        if edge <= ready:  # it was done before
            total += edge
            extra += edge
        elif left > laws.process_s(gpu, b.images):
            total += b.total_s(gpu)
            extra += ready
        else:
            total += edge
            extra += ready
    return total, extra


def race(batches, series):
    """The two sites with the least expected totals both run; the first answer
    counts, the other one is cancelled then."""
    informed = laws.Informed(series)
    total = extra = 0.0
    for b in batches:
        pair = sorted(laws.SITES, key=lambda s: informed.expected_s(
            s, b.images))[:2]
        first = min(b.total_s(s) for s in pair)
        total += first
        extra += first
    return total, extra


def set_up_of(drawn):
    """Batches by the site that gets them."""
    width = len(SET_UP)
    return {site: drawn["set_up"][i * width:(i + 1) * width]
            for i, site in enumerate(laws.SITES)}


def live(folder, programs, policy, drawn, batches, say, set_up=True,
         warm=False):
    """Records of `batches`; those of the set-up are played before and left
    out. Wall-clock seconds of the others beside them."""
    first = f"static:{laws.SITES[0]}" if set_up else policy
    one = play.Play(pathlib.Path(folder), pathlib.Path(programs).resolve(),
                    first, drawn["deployed"], warm)
    try:
        if set_up:
            one.set_up(set_up_of(drawn), say)
            one.change_policy(policy)
        begun = time.monotonic()
        records = one.run(batches, say)
        took = time.monotonic() - begun
    finally:
        one.stop()
    return records, took
