"""The first half of `tools/experiments what-if`: the same questions to logs that
the simulator made, where the truth is the simulator's play of the change."""
import csv
import io
import pathlib
import statistics
import subprocess

SEEDS = range(101, 109)  # the least error bar was chosen on 1 to 6
SECONDS = 30
FIGURES = ["mean", "p50", "p95", "p99"]


def tell(program, *words):
    done = subprocess.run([program, *map(str, words)], capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise RuntimeError(f"faas-sim {words[0]}: {done.stderr.strip()}")
    return done.stdout


def figures_of(table):
    """Mean and quantiles of the latencies in that CSV."""
    ordered = sorted(float(row["latency_ms"]) for row in csv.DictReader(
        io.StringIO(table)))
    return [statistics.fmean(ordered)] + [
        ordered[min(int(share * len(ordered)), len(ordered) - 1)]
        for share in (0.5, 0.95, 0.99)]


def compare(program, changes, folder, base, ask):
    """By change: (said, true) of each figure, one list per seed. `changes`: name,
    words, text of the changed file, policy. `ask(log, words, seconds)`."""
    made = {name: [] for name, *_ in changes}
    log = pathlib.Path(folder) / "simulated.dlog"
    file = pathlib.Path(folder) / "simulated.yml"
    for seed in SEEDS:
        same = ("--seconds", SECONDS, "--seed", seed)
        tell(program, "play", base, *same, "--policy", "min-latency", "--log",
             log)
        for name, words, text, policy in changes:
            file.write_text(text)
            true = figures_of(tell(program, "play", file, *same, "--policy",
                                   policy))
            said = ask([log], words, SECONDS)["answers"][0]["would_be"]
            made[name].append(list(zip(said, true)))
    return made


def section(made):
    """Markdown: how far off, and how often inside, by change."""
    lines = ["| change | mean: off | inside | p50 | inside | p95 | inside | p99 "
             "| inside |", "|---|" + "---:|" * 8]
    inside_all, count = 0, 0
    for name, seeds in made.items():
        cells = [name]
        for k in range(len(FIGURES)):
            pairs = [seed[k] for seed in seeds]
            off = statistics.fmean(abs(said["is"] / true - 1)
                                   for said, true in pairs)
            inside = sum(said["low"] <= true <= said["high"]
                         for said, true in pairs)
            inside_all, count = inside_all + inside, count + len(pairs)
            cells += [f"{off:.1%}", f"{inside} of {len(pairs)}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines), inside_all, count
