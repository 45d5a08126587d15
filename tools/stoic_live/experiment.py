"""`tools/experiments stoic-live`: plays on real nodes, page, plot and figures in
docs/results."""
import json
import os
import pathlib
import time

import revision
from lab.main import go_ahead
from stoic_live import figures, laws, page, plot, runs, world

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEDGED = "min-latency:hedge=1,price=0.1"
DATA = ROOT / "examples/data/stoic"


def with_run(row, records):
    row["measured_s"] = sum(r["client_s"] for r in records)
    row["failed"] = sum(r["status"] != 200 for r in records)
    return row


def stages_of(batches, records, knowing):
    """`knowing`: laws.Informed."""
    informed = [knowing.choose(b.images, laws.stage_at(runs.STAGES, i))
                for i, b in enumerate(batches)]
    made = []
    ends = [s.begin for s in runs.STAGES[1:]] + [len(batches)]
    for stage, end, name in zip(runs.STAGES, ends, runs.STAGE_NAMES):
        part = range(stage.begin, end)
        made.append({
            "name": name, "from": stage.begin, "to": end,
            "petrel_s": figures.mean([records[i]["client_s"] for i in part]),
            "informed_s": figures.mean(
                [batches[i].total_s(informed[i]) for i in part]),
            "oracle_s": figures.mean(
                [batches[i].total_s(batches[i].best()) for i in part]),
            "exact": figures.mean(
                [float(records[i]["site"] == batches[i].best())
                 for i in part]),
            "level_after": figures.level_after(
                [records[i]["client_s"] for i in part],
                [batches[i].total_s(informed[i]) for i in part]),
            "by_the_laws": figures.by_the_laws(
                [batches[i] for i in part],
                [records[i]["site"] for i in part], knowing, stage),
            "refused": sum(len(records[i]["went_on"]) for i in part),
            "failed": sum(records[i]["status"] != 200 for i in part)})
    return made


def second_starts(batches, records):
    """Of a run in which batches may start at two sites: the client's seconds, and
    the work of the sites that were too late, which they do to its end here."""
    twice = [(b, r) for b, r in zip(batches, records)
             if len(set(r["sites"])) > 1]
    best = figures.total(batches, figures.oracle(batches))
    extra = sum(b.total_s(s) for b, r in twice
                for s in set(r["sites"]) - {r["site"]})
    return {"policy": HEDGED, "twice": len(twice) / len(batches),
            "measured_s": sum(r["client_s"] for r in records),
            "extra": extra / best,
            "failed": sum(r["status"] != 200 for r in records)}


def hedging(batches, series):
    best = figures.total(batches, figures.oracle(batches))
    rows = [(f"Duplicator, edge and {gpu}",
             *runs.duplicator(batches, series, gpu))
            for gpu in ("gpu1", "gpu2")]
    rows.append(("the two best expected race", *runs.race(batches, series)))
    return [{"name": name, "total_s": total, "over_oracle": total / best,
             "extra": extra / best} for name, total, extra in rows]


def warm_figures(batches, records, seconds, deployed_s):
    warm = runs.loaded(batches)
    informed = laws.Informed({s: [0.0] for s in laws.SITES if s != "edge"})
    chosen = [r["site"] for r in records]
    row = figures.row("warm", warm, chosen)
    other = figures.row("informed", warm,
                        [informed.choose(b.images) for b in warm])
    return {**with_run(row, records), "deployed_s": deployed_s,
            "informed_over_oracle": other["over_oracle"],
            "held_s": len(laws.SITES) * world.paper_s(1000 * seconds),
            "busy_s": row["measured_s"]}


def learned(records):
    return {part: figures.learning(records, part) for part in page.PARTS}


def answered(records):
    """Sites; one that failed counts as the cpu's, the page says how many."""
    return [r["site"] or "cpu" for r in records]


def play_all(options, drawn, say):
    """Records of all runs, by name."""
    def one(name, policy, batches, programs=options.programs, **more):
        say(f"{name}: {len(batches)} batches")
        return runs.live(pathlib.Path(options.folder).parent / "stoic-live",
                         programs, policy, drawn, batches,
                         lambda words: say(f"{name}: {words}"), **more)
    made = {}
    if options.before:
        made["before"] = one("Petrel before", "min-latency", drawn["main"],
                             programs=options.before)
    made["main"] = one("Petrel", "min-latency", drawn["main"])
    made["pinned"] = one("pinned to gpu1", "static:gpu1", drawn["pinned"],
                         set_up=False)
    made["staged"] = one("drift and trouble", "min-latency", drawn["staged"])
    made["warm"] = one("warm pools", "min-latency", drawn["main"], warm=True)
    made["hedged"] = one("second starts", HEDGED, drawn["main"])
    return made


def gather(drawn, played):
    """All figures of the page."""
    main, series = drawn["main"], drawn["series"]
    choices = runs.computed(main, series)
    records = played["main"][0]
    chosen = answered(records)
    rows = [figures.row(name, main, made) for name, made in choices.items()]
    ran = [("Petrel", records)]
    if "before" in played:
        ran.append(("Petrel before", played["before"][0]))
    for name, of in reversed(ran):
        rows.insert(2, with_run(figures.row(name, main, answered(of), "run"),
                                of))
    staged = drawn["staged"]
    added = sorted(r["client_s"] - b.total_s(r["site"])
                   for r, b in zip(records, main) if r["status"] == 200)
    stages = stages_of(staged, played["staged"][0], laws.Informed(series))
    return {
        "rows": rows, "gap_s": figures.difference(main, chosen,
                                                  choices["informed"]),
        "lucky": figures.lucky(main, records, laws.Informed(series)),
        "learning": {"Petrel": learned(records),
                     "pinned to gpu1": learned(played["pinned"][0])},
        "errors": {part: [e for e in (figures.relative_error(r, part)
                                      for r in records) if e is not None]
                   for part in ("total", "deploy", "process")},
        "staged": {"stages": stages,
                   "failed": sum(s["failed"] for s in stages)},
        "hedging": hedging(main, series),
        "second_starts": {
            **second_starts(main, played["hedged"][0]),
            "alone_s": sum(r["client_s"] for r in records)},
        "warm": warm_figures(main, played["warm"][0], played["warm"][1],
                             figures.total(main, chosen)),
        "added_s": (added[len(added) // 2], added[int(0.95 * len(added))])}


def run(options, say):
    """Writes stoic-live.json, .md and .svg to options.out."""
    begun, stamp = time.monotonic(), revision.stamp()
    go_ahead()
    drawn = runs.worlds(DATA, options.seed)
    played = play_all(options, drawn, say)
    worlds = [b for name in ("deployed", "set_up", "main", "pinned",
                                "staged")
              for b in drawn[name]]
    found = {"seed": options.seed, "note": options.note,
             **stamp, "cores": os.cpu_count(),
             "scale": 1000 / world.SCALE, "digest": laws.digest(worlds),
             "minutes": (time.monotonic() - begun) / 60,
             **gather(drawn, played)}
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "stoic-live.md").write_text(page.markdown(found))
    (out / "stoic-live.svg").write_text(plot.plot(found))
    raw = {**found, "records": {name: of for name, (of, _) in played.items()}}
    (out / "stoic-live.json").write_text(
        json.dumps(page.finite(raw), separators=(",", ":")) + "\n")
    for words in page.verdicts(found):
        say(words)
    return all(not words.startswith("- Missed")
               for words in page.verdicts(found))
