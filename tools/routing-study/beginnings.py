"""What parts of the predictor are worth while nothing is known: functions that
nobody told of, in the first seconds of worlds drawn at random."""
import math
import statistics

import worlds
from simulator import runs_of
from statistics_of import interval, paired

COUNT, SEEDS, FIRST = 24, 20, 301
SECONDS = 20  # before the first disturbance of a drawn world


def begun(text):
    """A text that worlds.draw() has made, without what anybody was told, from
    its first event on."""
    changes = (("length: 160s", f"length: {SECONDS}s"),
               ("warm_up: 20s", "warm_up: 0s"),
               ("    ms_per_unit:", "    told: false\n    ms_per_unit:"))
    for was, now in changes:
        if was not in text:
            raise ValueError(f"a drawn world has no '{was}'")
        text = text.replace(was, now)
    return text


def play(simulator, folder, seed, parts):
    """Answers by world; `seed`: of worlds that nothing else is played in."""
    jobs = {}
    for number in range(COUNT):
        file = folder / f"begun-{number:02}.yml"
        file.write_text(begun(worlds.draw(seed + number)))
        jobs[file.stem] = (file, parts, SEEDS, FIRST, 10_000)
    return simulator.play_all(jobs)


def compare(answers, ours, parts):
    """Of each part: its mean latency over ours, %, by the geometric mean over
    the worlds with an interval, and in how many it is worse, and better."""
    rows = []
    for part in parts:
        if part == ours:
            continue
        logs, over = [], []
        for answer in answers.values():
            own, base = ([run["mean_ms"] for run in runs_of(answer, policy)]
                         for policy in (part, ours))
            logs.append(math.log(statistics.fmean(own)
                                 / statistics.fmean(base)))
            over.append(paired(own, base))
        mean, half = interval(logs)
        rows.append({"policy": part, "over": [100 * mean, 100 * half],
                     "worse": sum(m - h > 0 for m, h in over),
                     "better": sum(m + h < 0 for m, h in over)})
    return rows
