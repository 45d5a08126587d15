"""`tools/experiments lab`: the scenarios in turn, policies and other proxies, and
one page of what came out, in docs/results."""
import json
import pathlib
import shutil

from lab import main as lab
from lab import tables
from lab.plot import (LEFT, RIGHT, WIDTH, Scale, colour, document, line,
                      log_ticks, text)

SCENARIOS = ["three-sites", "flapping-link", "edge-slow-steps", "flash-crowd"]
WORDS = ["--policy", "min-latency", "--policy", "round-robin", "--front",
         "haproxy", "--front", "nginx"]
ROUNDS = 2


def overview(reports):
    """Mean and p99 of all ways: lab full, simulator hollow."""
    rows = [(name, way) for name, made in reports.items()
            for way in made["ways"] if way["lab"]]
    values = [way[side][key] for _, way in rows for side in ("lab", "simulator")
              if way.get(side) for key in ("mean_ms", "p99_ms")] or [1, 10]
    left = LEFT + 150
    x = Scale(min(values) * 0.8, max(values) * 1.2, left, WIDTH - RIGHT,
              log=True)
    parts = [text(LEFT - 60, 22, "Latency by scenario (log scale, ms): circle "
                  "mean, square p99; full: real nodes, hollow: simulator", 14,
                  bold=True)]
    bottom = 48 + 20 * len(rows) + 30 * len(reports)
    for tick in log_ticks(x.low, x.high):
        parts.append(line(x(tick), 40, x(tick), bottom, "#e4e4e4"))
        parts.append(text(x(tick), bottom + 15, f"{tick:g}", 11, "middle"))
    at, last = 40, None
    for name, way in rows:
        if name != last:
            at += 30
            parts.append(text(LEFT - 60, at - 14, name, 13, bold=True))
            last = name
        names = [w["name"] for w in reports[name]["ways"]]
        shade = colour(names.index(way["name"]))
        parts.append(text(left - 10, at + 4, way["name"], 12, "end"))
        parts.append(line(left, at, WIDTH - RIGHT, at, "#f2f2f2"))
        for side, fill in (("simulator", "white"), ("lab", shade)):
            if way.get(side):
                mean, p99 = x(way[side]["mean_ms"]), x(way[side]["p99_ms"])
                style = f'fill="{fill}" stroke="{shade}" stroke-width="1.6"'
                parts.append(f'<circle cx="{mean:.1f}" cy="{at}" r="5" '
                             f'{style}/>')
                parts.append(f'<rect x="{p99 - 4.5:.1f}" y="{at - 4.5}" '
                             f'width="9" height="9" {style}/>')
        at += 20
    return document(bottom + 26, parts, "latency by scenario")


def section(name, folder):
    """A scenario's report, as a part of the page: its titles one level down,
    its plots under their names there."""
    made = (folder / "report.md").read_text()
    for plot in ("latency", "ecdf"):
        made = made.replace(f"({plot}.svg)", f"(lab-{name}-{plot}.svg)")
    lines = [one for one in made.splitlines()
             if one not in ("![shares](shares.svg)", "![CPU](cpu.svg)")]
    return "\n".join("#" + one if one.startswith("#") else one
                     for one in lines)


def notes(path):
    """What a person has written on the page: its last part, which stays."""
    text = path.read_text() if path.exists() else ""
    _, found, said = text.partition("## What was seen\n")
    return (found + said).strip()


APART = 0.10  # shares of a site that differ by more are told on top


def other_sites(held):
    """Of the rows in which lab and simulator chose other sites."""
    said = []
    for name, way in held:
        site, off = tables.most_apart(way)
        if abs(off) > APART:
            lab_share, simulated = (way[side]["shares"].get(site, 0)
                                    for side in ("lab", "simulator"))
            said.append(f"{name}, {way['name']}: {site} {lab_share:.0%} in the "
                        f"lab, {simulated:.0%} in the simulator")
    if not said:
        return (" Shares of sites agree within "
                f"{100 * APART:.0f} points in all rows.")
    return (f" The sites chosen do not always agree: in {len(said)} of "
            f"{len(held)} rows a share is more than {100 * APART:.0f} points "
            "off (" + "; ".join(said) + "). Agreement in mean and p99 does not show "
            "that.")


def page(reports, folders, options, said):
    held = [(name, way) for name, made in reports.items()
            for way in made["ways"] if way.get("agreement")]
    good = [w for _, w in held if tables.agrees(w["agreement"]) == "yes"]
    doubts = [name for name, made in reports.items()
              if any("busy" in d or "late" in d for d in made["doubts"])]
    busy = (f" The machine was busy with other programs during "
            f"{', '.join(doubts)}; see there." if doubts else "")
    return "\n\n".join([
        "# Scenarios on real nodes",
        f"`tools/experiments lab --seconds {options.seconds:g}`: four "
        "scenarios on real nodes of one machine, with emulated links and work "
        "that sleeps ([lab.md](../lab.md)), beside `faas-sim` with the same "
        f"events. Lab and simulator agree in mean (10 %) and p99 (20 %) in "
        f"{len(good)} of {len(held)} rows; where not, the reason stands "
        f"below the table.{other_sites(held)}{busy}",
        "![overview](lab.svg)",
        *(section(name, folder) for name, folder in folders.items()),
        *([said] if said else [])]) + "\n"


def run(options, say):
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    said = notes(out / "lab.md")
    reports, folders = {}, {}
    for name in SCENARIOS:
        say(f"scenario {name}")
        folder = lab.ROOT / "build/lab" / name
        status = lab.main([
            "run", f"examples/scenarios/{name}.yml", "--seconds",
            f"{options.seconds:g}", *WORDS, "--rounds", str(ROUNDS), "--seed",
            str(options.seed), "--programs", str(options.programs), "--out",
            str(folder)])
        if status != 0:
            return False
        reports[name] = json.loads((folder / "report.json").read_text())
        folders[name] = folder
        for plot in ("latency", "ecdf"):
            shutil.copy(folder / f"{plot}.svg", out / f"lab-{name}-{plot}.svg")
        (out / "lab.json").write_text(json.dumps(reports, indent=1))
        (out / "lab.svg").write_text(overview(reports))
        (out / "lab.md").write_text(page(reports, folders, options, said))
    return True
