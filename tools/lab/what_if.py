"""`tools/experiments what-if`: a log is recorded on real nodes, faas-sim answers
from it what a change would do, and then the change is made, on real nodes again.
One page of what was said and what came, in docs/results."""
import dataclasses
import json
import pathlib
import re
import subprocess

import revision
from lab import main as lab
from lab import machine, what_if_truth
from lab.plot import LEFT, RIGHT, WIDTH, Scale, document, line, text

FILE = lab.ROOT / "examples/scenarios/what-if.yml"
POLICY = "min-latency"
FIGURES = ["mean", "p50", "p95", "p99"]
AGAIN = 2
RECORDED = "recorded"  # the play that the log is of


@dataclasses.dataclass
class Change:
    name: str
    words: list = dataclasses.field(default_factory=list)  # for faas-sim
    pattern: str = ""  # what `new` replaces in the file
    new: str = ""
    policy: str = POLICY
    # Site and script of its link, which make the change on real nodes: there only
    # the link is down, while an absence of the file kills the node.
    link: tuple = ()

    def text(self, on_nodes=False):
        """Of the scenario."""
        if not self.pattern or (on_nodes and self.link):
            return FILE.read_text()
        made, count = re.subn(self.pattern, self.new, FILE.read_text())
        assert count == 1, self.pattern
        return made


CHANGES = [
    Change("nothing, again"),  # how well the lab repeats itself
    Change("rate x1.5", ["--rate", "x1.5"], "rate: 80", "rate: 120"),
    Change("edge twice as slow", ["--slow", "edge=x2"],
           "slowdown: 4", "slowdown: 8"),
    Change("cloud 40 ms farther", ["--link", "cloud=+40"],
           "rtt: 35ms", "rtt: 75ms"),
    Change("no far site", ["--drop-site", "far"], r"  far:\n(    .*\n)+", ""),
    Change("one more edge", ["--add-site", "edge-2=edge"],
           r"(  edge:\n)((?:    .*\n)+)", r"\1\2  edge-2:\n\2"),
    Change("cloud cut off for 3 s", ["--drop-link", "cloud@10-13"],
           r"(  cloud:\n)", r"\1    absent: [{from: 10s, until: 13s}]\n",
           link=("cloud", "10 cut\n13 heal\n")),
    Change("round robin", ["--policy", "round-robin"], policy="round-robin"),
]


def folder_of(folder, name):
    return folder / re.sub("[^a-z0-9]+", "-", name)


def play(options, folder, change, say):
    """The lab's report of one play; None when it failed. A play whose generator
    was late is made again, for that says nothing of nodes."""
    for attempt in range(1 + AGAIN):
        report = play_once(options, folder, change)
        if report is None or report["ways"][0]["lag"]["valid"]:
            return report
        if attempt < AGAIN:
            say("the generator was late: once more")
    return report


def play_once(options, folder, change):
    out = folder_of(folder, change.name)
    file = out.with_suffix(".yml")
    file.write_text(change.text(on_nodes=True))
    more = []
    if change.link:
        site, script = change.link
        trace = out.with_suffix(".link")
        trace.write_text(script)
        more = ["--link-trace", f"{site}={trace}"]
    status = lab.main(["run", str(file), "--seconds", f"{options.seconds:g}",
                       "--policy", change.policy, "--seed", str(options.seed),
                       "--programs", str(options.programs), "--out", str(out),
                       *more])
    return json.loads((out / "report.json").read_text()) if status == 0 else None


def log_of(folder):
    """The gateway's files of decisions of a play."""
    found = sorted((folder / "nodes/lab-gateway/decisions").glob("*.dlog"))
    if not found:
        raise RuntimeError(f"the gateway has logged no decisions in {folder}")
    return found


def ask(options, log, words, seconds=None):
    warm_up = (seconds or options.seconds) / 6  # as the file's
    done = subprocess.run(
        [pathlib.Path(options.programs) / "faas-sim", "what-if", *log, "--json",
         "--warm-up", f"{warm_up:g}", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"faas-sim what-if: {done.stderr.strip()}")
    return json.loads(done.stdout)


def row(name, words, said, measured, report):
    """What was said, and what was measured: by the gateway, as in the log that
    the answer is from; the client's figures are a little higher."""
    way = report["ways"][0]
    would = said["answers"][0]["would_be"]
    return {"name": name, "words": words, "said": would, "measured": measured,
            "client": [way["lab"][f"{key}_ms"] for key in FIGURES],
            "inside": [one["low"] <= real <= one["high"]
                       for one, real in zip(would, measured)],
            "said_shares": {key.split("/")[0]: share for key, share in
                            said["answers"][0]["shares"].items()},
            "shares": way["lab"]["shares"], "own_error": said["own_error"],
            "doubts": report["doubts"], "lag": way["lag"],
            "machine": way["machine"], "failed": way["lab"]["failed"],
            "valid": way["lag"]["valid"], "remarks": said["remarks"]}


def apart(one):
    """The site whose share was said worst, and by how much, said less
    measured."""
    sites = {**one["said_shares"], **one["shares"]}
    return max(((site, one["said_shares"].get(site, 0)
                 - one["shares"].get(site, 0)) for site in sites),
               key=lambda found: abs(found[1]))


def shares_table(rows):
    sites = list(dict.fromkeys(site for one in rows for site in
                               (*one["said_shares"], *one["shares"])))
    lines = ["| change | " + " | ".join(f"{site} %: said | measured"
                                        for site in sites)
             + " | points apart, at most |",
             "|---|" + "---:|" * (2 * len(sites) + 1)]
    for one in rows:
        cells = [f"{100 * one[key][site]:.0f}" if site in one[key] else ""
                 for site in sites for key in ("said_shares", "shares")]
        lines.append(f"| {name_of(one)} | " + " | ".join(cells)
                     + f" | {100 * abs(apart(one)[1]):.0f} |")
    return "\n".join(lines)


def shares_words(rows):
    """What the table of shares says, worst first."""
    worst = max(rows, key=lambda one: abs(apart(one)[1]))
    site, _ = apart(worst)
    beyond = sum(abs(apart(one)[1]) > 0.1 for one in rows)
    return ("Shares of sites are not said as well: in "
            f"{beyond} of {len(rows)} rows one is off by more than 10 points, "
            f"most in \"{worst['name']}\": of {site} "
            f"{worst['said_shares'].get(site, 0):.0%} was said and "
            f"{worst['shares'].get(site, 0):.0%} measured. That the means "
            "agree does not show it." if beyond else
            "Shares of sites are within 10 points in all rows.")


def name_of(one):
    return one["name"] + ("" if one["valid"] else " (void: late generator)")


def table(rows):
    lines = ["| change | figure | said | measured | off | inside |",
             "|---|---|---:|---:|---:|---|"]
    for one in rows:
        for k in (0, 2, 3):
            said, real = one["said"][k], one["measured"][k]
            lines.append(
                f"| {name_of(one) if k == 0 else ''} | {FIGURES[k]} | "
                f"{said['is']:.1f} [{said['low']:.1f}, {said['high']:.1f}] | "
                f"{real:.1f} | {said['is'] / real - 1:+.0%} | "
                f"{'yes' if one['inside'][k] else 'no'} |")
    return "\n".join(lines)


def notes(rows):
    lines = []
    for one in rows:
        lines.append(f"- **{one['name']}**: `"
                     f"{' '.join(one['words']) or '-'}`")
        lines += [f"  - {doubt}" for doubt in one["doubts"]]
    return "\n".join(lines)


def plot(rows):
    """Said with its interval, and measured, of mean and p99."""
    values = [v for one in rows for k in (0, 3) for v in
              (one["said"][k]["low"], one["said"][k]["high"],
               one["measured"][k])]
    left, at = LEFT + 150, 60
    x = Scale(min(values) * 0.9, min(max(values), 5000) * 1.1, left,
              WIDTH - RIGHT, log=True)
    parts = [text(LEFT - 60, 22, "What was said (bar) and what was measured on "
                  "real nodes (circle); ms, log scale", 14, bold=True)]
    for one in rows:
        for k, shade in ((0, "#1f77b4"), (3, "#d62728")):
            said = one["said"][k]
            high = min(said["high"], max(values))
            parts.append(text(left - 10, at + 4, f"{one['name']}, "
                              f"{FIGURES[k]}", 12, "end"))
            parts.append(line(left, at, WIDTH - RIGHT, at, "#eeeeee"))
            parts.append(f'<line x1="{x(said["low"]):.1f}" y1="{at}" '
                         f'x2="{x(high):.1f}" y2="{at}" stroke="{shade}" '
                         'stroke-width="7" stroke-opacity="0.45"/>')
            parts.append(f'<circle cx="{x(one["measured"][k]):.1f}" cy="{at}" '
                         f'r="5" fill="white" stroke="{shade}" '
                         'stroke-width="2"/>')
            at += 22
        at += 8
    for one in (20, 50, 100, 200, 500, 1000, 2000):
        if x.low <= one <= x.high:
            parts.append(text(x(one), at + 8, f"{one}", 11, "middle"))
    return document(at + 26, parts, "what-if, said and measured")


def summary(rows):
    valid = [one for one in rows if one["valid"]]
    off = sorted(abs(one["said"][0]["is"] / one["measured"][0] - 1)
                 for one in valid if one["words"])
    if not off:
        return "The machine was too busy: all plays of changes are void."
    inside = sum(sum(one["inside"]) for one in valid)
    own = ", ".join(f"{name} {value:.1%}" for name, value in
                    zip(FIGURES, rows[0]["own_error"]))
    return (f"The model's own error on its log: {own}. {inside} of "
            f"{len(FIGURES) * len(valid)} figures (p50, too) are inside their "
            f"intervals; means of changes are off by {off[len(off) // 2]:.1%} "
            f"(median), at most {off[-1]:.1%}. \"nothing, again\" is how well "
            "the lab repeats itself: the intervals do not know that. A play "
            f"with a late generator is made again, at most {AGAIN} times, then "
            "it is void.")


def page(rows, truth, options, facts, stamp, seen):
    simulated, inside, count = what_if_truth.section(truth)
    remarks = [f"- {one}" for one in rows[0]["remarks"]] or ["- nothing"]
    return "\n\n".join([
        "# What-if, and what came",
        f"`tools/experiments what-if --seconds {options.seconds:g} --seed "
        f"{options.seed}`: [what-if.yml](../../examples/scenarios/what-if.yml) "
        f"is played under {POLICY}, and the gateway logs its decisions. From "
        "that log alone `faas-sim what-if` ([what-if.md](../what-if.md)) says "
        "what each change would do. Then the change is made, and the scenario "
        "is played again: the same events, except for the rate.",
        "## On real nodes",
        "Nodes, links and work as in [lab.md](../lab.md). ms, by the gateway; "
        "[interval].", summary(rows), table(rows),
        "![said and measured](what-if.svg)", shares_words(rows),
        shares_table(rows), notes(rows),
        "What the log does not tell, as what-if says itself:\n\n"
        + "\n".join(remarks),
        f"Machine: {facts['cpu']}, {facts['cores']} cores, load average "
        f"{facts['load_average'][0]:.1f} when it ended, other programs "
        f"included; {revision.words(stamp)}.",
        "## In the simulator",
        f"Logs of {what_if_truth.SECONDS} s that the simulator made, "
        f"{len(what_if_truth.SEEDS)} seeds from "
        f"{what_if_truth.SEEDS[0]} on, and its own play of the change as "
        f"the truth, to which no machine adds noise: {inside} of {count} "
        "figures are inside their 95 % intervals. \"off\": mean of the "
        "absolute errors.", simulated,
        *([seen] if seen else [])]) + "\n"


def run(options, say):
    out, folder = pathlib.Path(options.out), lab.ROOT / "build/lab/what-if"
    stamp = revision.stamp()
    out.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    old = out / "what-if.md"
    _, found, seen = (old.read_text() if old.exists() else "").partition(
        "## What was seen\n")
    say("in the simulator")
    truth = what_if_truth.compare(
        pathlib.Path(options.programs) / "faas-sim",
        [(one.name, one.words, one.text(), one.policy)
         for one in CHANGES[1:]], folder, FILE,
        lambda log, words, seconds: ask(options, log, words, seconds))
    rows, log = [], None
    for change in [Change(RECORDED), *CHANGES]:
        say(f"on real nodes: {change.name}")
        report = play(options, folder, change, say)
        if report is None:
            return False
        own = log_of(folder_of(folder, change.name))
        if log is None:
            log = own
            continue
        measured = ask(options, own, ["--seeds", "2", "--believe"])
        rows.append(row(change.name, change.words,
                        ask(options, log, change.words),
                        measured["recorded"], report))
    (out / "what-if.json").write_text(json.dumps(
        {**stamp, "seed": options.seed, "changes": rows}, indent=1))
    (out / "what-if.svg").write_text(plot(rows))
    old.write_text(page(rows, truth, options, machine.facts(lab.ROOT),
                        stamp, (found + seen).strip()))
    return True
