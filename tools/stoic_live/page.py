"""Page of the experiment "STOIC live". Pure."""
import math

from stoic_live import figures, laws, runs

AUTHORS = {"edge only": 1.60, "cpu only": 2.03, "gpu1 only": 1.29,
           "gpu2 only": 1.39, "worst": 2.31}  # totals over STOIC's own

ABOUT = """\
# STOIC live

`tools/experiments stoic-live --seed {seed}` (revision {revision}, {cores} cores, {at};
took {minutes:.0f} minutes; draws {digest:.12}…, the whole of it in
[stoic-live.json](stoic-live.json)). {note}STOIC's experiment on real nodes: a gateway and four
sites, a `faas-node` each, on one machine, 1 s of the paper = {scale:g} ms. All times here
are seconds of the paper.

**Real**: nodes, gateway, links (TLS) with their rate, loading of the function for each
batch, routing, prediction, measurement. **Emulated**: what a deployment and a batch
take (sleeps), by draws made beforehand: the sizes of the authors' trace; deployments by
a block bootstrap (blocks of {block}) of their measured series; processing by their lines
({lines})
with log-normal noise of {noise:.0%}; a link of {mbit:g} Mbit/s and so many bytes
that an image takes {image:.4f} s, as theirs. Batches come one after the other. The
function leaves the memory after each, so every call pays a deployment; the edge's takes
some ms. Before the first batch that is counted each site gets two, of 33 and 10 images:
the authors' set-up for a version that is new (but for the run that is pinned). A policy that is changed at run time
(`static:SITE`) sends them there; each change is a version that every site deploys once.

**Run**: the rows with a *measured* total. **Computed** from the same draws: the
others; the first column of the measured rows, too, so that all compare. *oracle*
knows the draws, *informed* every law but no draw (least expected total). Petrel is the
nodes' own min-latency policy; it knows the number of images, nothing else.

![totals and learning](stoic-live.svg)

"""


def outcome(made, ok):
    return f"- {'Met' if ok else 'Missed'}: {made}"


def verdicts(found):
    rows = {row["name"]: row for row in found["rows"]}
    petrel, informed = rows["Petrel"], rows["informed"]
    gap = petrel["total_s"] / informed["total_s"] - 1
    exact = 100 * (petrel["exact"] - informed["exact"])
    edge = 100 * (petrel["edge_or_cloud"] - informed["edge_or_cloud"])
    best = min(rows[f"{s} only"]["total_s"] for s in laws.SITES)
    staged = found["staged"]
    first, last = found["learning"]["Petrel"]["total"]
    low, high = found["gap_s"][1:]
    return [
        outcome(f"total within 2 % of the informed policy: {gap:+.1%} "
                f"({found['gap_s'][0]:+.1f} s a batch, 95 % interval {low:+.1f}"
                f" to {high:+.1f}).", gap <= 0.02),
        outcome(f"exact choices within 2 points of it: {exact:+.1f} "
                f"({petrel['exact']:.1%}, {informed['exact']:.1%}).",
                exact >= -2),
        outcome(f"edge or cloud within 2 points of it: {edge:+.1f} "
                f"({petrel['edge_or_cloud']:.1%}, "
                f"{informed['edge_or_cloud']:.1%}).", edge >= -2),
        outcome("better than every single site: "
                f"{petrel['total_s'] / best - 1:+.1%} over the best one.",
                petrel["total_s"] < best),
        outcome("no failed event, also while a site cannot deploy: "
                f"{staged['failed'] + petrel['failed']} failed.",
                staged["failed"] + petrel["failed"] == 0),
        outcome(f"error of the total falls: {first:.1%} over the first 25 "
                f"batches, {last:.1%} over the last.", last < first)]


def luck_words(found):
    """What of the difference in totals is luck."""
    luck = found["lucky"]
    text = (f"By the laws, without the luck of single draws: "
            f"{luck['by_the_laws'] - 1:+.1%} over the informed policy; "
            f"choices that differ from its own: {luck['differ']}, "
            f"{luck['explored']} of them made to learn.")
    if luck["dearest"] is None or luck["dearest"][0] <= 0:
        return text
    cost, number, mine, other, reason = luck["dearest"]
    of = " (explored)" if reason == "explored" else ""
    return (f"{text} The dearest: batch {number} at {mine} in place of "
            f"{other}{of}, {cost:.0f} s more.")


def totals(found):
    text = ["## Placement (E1) and totals (E2)", "",
            "| way | total s | over oracle | over Petrel | the authors' ratio |"
            " exact % | edge or cloud % | edge / cpu / gpu1 / gpu2 |"
            " measured s | failed |",
            "|---|---:|---:|---:|---:|---:|---:|---|---:|---:|"]
    base = next(r for r in found["rows"] if r["name"] == "Petrel")["total_s"]
    for row in found["rows"]:
        theirs = AUTHORS.get(row["name"])
        text.append(
            f"| {row['name']} | {row['total_s']:.0f} | "
            f"{row['over_oracle']:.3f} | {row['total_s'] / base:.2f} | "
            f"{'' if theirs is None else f'{theirs:.2f}'} | "
            f"{100 * row['exact']:.1f} | {100 * row['edge_or_cloud']:.1f} | "
            f"{' / '.join(str(row['choices'][s]) for s in laws.SITES)} | "
            + (f"{row['measured_s']:.0f} | {row['failed']} |"
               if "measured_s" in row else " | |"))
    return text + [
        "", "The authors': their stored sums over their own choices' 8,041 s. "
        "Theirs are over the oracle by 1.043, exact in 85.1 %, edge or cloud in "
        "93.5 %, of another record (docs/results/stoic.md). The measured total "
        "is the client's: draws, and what nodes and emulation add.", ""]


def learning(found):
    text = ["## Learning (E4)", "",
            "Mean relative error of what was predicted for the chosen site, "
            "first 25 and last 25 batches, each part as the gateway's decision "
            "log has it, predicted and measured.", "",
            "| run | " + " | ".join(PARTS) + " | the authors', gpu1: total / "
            "deploy / process |", "|---|" + "---:|" * (len(PARTS) + 1)]
    for name, by_part in found["learning"].items():
        cells = " | ".join(
            f"{by_part[p][0]:.1%} -> {by_part[p][1]:.1%}" for p in PARTS)
        theirs = ("15.8 -> 9.2 / 42.7 -> 29.3 / 11.2 -> 5.3 %"
                  if "gpu1" in name else "")
        text.append(f"| {name} | {cells} | {theirs} |")
    return text + [""]


PARTS = ("transfer", "deploy", "process", "total")


def drift(found):
    staged = found["staged"]
    text = ["## Drift and trouble (E5)", "",
            "One run, the world changes; the informed policy knows each change "
            "as it happens. *refused*: tries at a site that could not deploy; "
            "the event then went on to another one. *level after*: batches until, "
            "from there to the stage's end, the seconds are at most "
            f"{figures.LEVEL - 1:.0%} over the informed policy's. *by the laws*: "
            "what the chosen sites are expected to take over what the informed "
            "policy's are, so without the luck of the draws.", "",
            "| batches | world | Petrel, s a batch | informed | oracle | exact %"
            " | level after | by the laws | refused | failed |",
            "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for s in staged["stages"]:
        text.append(f"| {s['from']} to {s['to'] - 1} | {s['name']} | "
                    f"{s['petrel_s']:.1f} | {s['informed_s']:.1f} | "
                    f"{s['oracle_s']:.1f} | {100 * s['exact']:.0f} | "
                    f"{level_words(s)} | {s['by_the_laws'] - 1:+.0%} | "
                    f"{s['refused']} | {s['failed']} |")
    return text + ["", losses(staged["stages"]), "",
                   "Petrel's seconds are measured here, so that waiting for "
                   "deployments that fail counts. What the predictors are worth "
                   "alone (E3) is on the page of the authors' record: "
                   "[the predictors alone](stoic.md#the-predictors-alone).", ""]


def level_words(stage):
    count = stage["to"] - stage["from"]
    after = stage["level_after"]
    return f"never of {count}" if after is None else f"{after} of {count}"


def losses(stages):
    """Where Petrel lost to the informed policy, as far as the figures tell."""
    lost = [s for s in stages
            if s["petrel_s"] > figures.LEVEL * s["informed_s"]]
    if not lost:
        return (f"In no stage was it more than {figures.LEVEL - 1:.0%} over the "
                "informed policy.")
    said = []
    for s in sorted(lost, key=lambda s: -s["petrel_s"] / s["informed_s"]):
        after = ("not level before the stage ended"
                 if s["level_after"] is None else
                 f"level after {s['level_after']} of {s['to'] - s['from']} "
                 "batches")
        said.append(f"*{s['name']}* ({s['from']} to {s['to'] - 1}) "
                    f"{s['petrel_s'] / s['informed_s'] - 1:+.0%} (by the "
                    f"laws {s['by_the_laws'] - 1:+.0%}), {after}")
    return ("**Where it lost** over "
            f"{figures.LEVEL - 1:.0%} to the informed policy, which is told of "
            "the change: " + "; ".join(said) + ".")


def apart(found):
    text = ["## Hedging and warm pools (E6), apart", "",
            "Computed from the draws, with the true lines, so these are "
            "bounds. Extra work: seconds of the site that was given up, over "
            "the oracle's total.", "",
            "| way | total s | over oracle | extra work |",
            "|---|---:|---:|---:|"]
    text += [f"| {h['name']} | {h['total_s']:.0f} | {h['over_oracle']:.3f} | "
             f"{h['extra']:.0%} |" for h in found["hedging"]]
    twice, warm = found["second_starts"], found["warm"]
    text += [
        "", f"**Second starts**, run on the nodes (`{twice['policy']}`, the "
        f"function idempotent): {twice['twice']:.0%} of the batches started at "
        f"a second site; {twice['measured_s']:.0f} s measured, "
        f"{twice['measured_s'] / twice['alone_s']:.3f} of Petrel's without; "
        f"extra work {twice['extra']:.0%} of the oracle's total (what is too "
        f"late does its work to the end here); {twice['failed']} failed."]
    return text + [
        "", "**Warm pools**, run on the nodes: all sites keep the function "
        f"loaded; nothing is deployed. Petrel takes {warm['total_s']:.0f} s, "
        f"{warm['over_oracle']:.3f} of the oracle without deployments "
        f"(informed {warm['informed_over_oracle']:.3f}), "
        f"{warm['total_s'] / warm['deployed_s']:.2f} of Petrel's total with "
        "them; exact "
        f"{warm['exact']:.1%}, edge or cloud {warm['edge_or_cloud']:.1%}. Extra "
        "work: four functions in memory all the time, where one at a time "
        f"would do: {warm['held_s']:.0f} s of loaded sites for "
        f"{warm['busy_s']:.0f} s of work.", ""]


def markdown(found):
    lines = ", ".join(f"{s} {a:g} n + {b:g}"
                      for s, (a, b) in laws.LINES.items())
    note = found.get("note", "")
    head = ABOUT.format(
        note=note + " " if note else "",
        **{k: found[k] for k in ("seed", "revision", "cores", "at",
                                 "minutes", "digest", "scale")},
        block=laws.BLOCK, noise=laws.NOISE, lines=lines, mbit=laws.LINK_MBIT,
        image=laws.transfer_s("cpu", 1))
    said = ["**What came out.**", "", *verdicts(found), "", luck_words(found), "",
            "Emulation: batches of Petrel took "
            f"{found['added_s'][0]:.2f} s more than their draws in the median, "
            f"{found['added_s'][1]:.2f} s at most in 95 of 100.", ""]
    return head + "\n".join(said + totals(found) + learning(found)
                            + drift(found) + apart(found)).rstrip() + "\n"


def finite(value):
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) \
        else value
