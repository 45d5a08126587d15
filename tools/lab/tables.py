"""Tables of a report, in Markdown. Pure: `ways` are those of report.json."""
from lab import figures


def latencies(ways, sites):
    """Of all ways; `sites`: their names."""
    head = (["way", "mean ms", "p50", "p95", "p99", "failed"]
            + [f"{s} %" for s in sites] + ["mean over the first"])
    rows = []
    for way in ways:
        one = way["lab"]
        if one is None:
            rows.append([way["name"], "no answers"]
                        + [""] * (len(head) - 2))
            continue
        rows.append([way["name"]] + [f"{one[k]:.1f}" for k in (
            "mean_ms", "p50_ms", "p95_ms", "p99_ms")]
            + [str(one["failed"])]
            + [f"{100 * one['shares'].get(s, 0):.0f}" for s in sites]
            + [difference(way.get("over_first_ms"))])
    return markdown_table(head, rows)


def beside_simulator(ways):
    head = ["policy", "mean: lab", "simulator", "off", "p99: lab",
            "simulator", "off", "agrees", "means of more simulated runs",
            "p99s of them"]
    rows = []
    for way in ways:
        found = way.get("agreement")
        if not found:
            continue
        lab, sim = way["lab"], way["simulator"]
        rows.append([
            way["name"], f"{lab['mean_ms']:.1f}", f"{sim['mean_ms']:.1f}",
            f"{found['mean_off']:+.1%}", f"{lab['p99_ms']:.1f}",
            f"{sim['p99_ms']:.1f}", f"{found['p99_off']:+.1%}",
            agrees(found), span(way, "mean_ms"), span(way, "p99_ms")])
    return markdown_table(head, rows)


def shares(ways, sites):
    """Which sites the events went to, in the lab and in the simulator: means may
    agree where these do not."""
    head = ["policy"]
    for site in sites:
        head += [f"{site} %: lab", "simulator"]
    rows = []
    for way in ways:
        if not way.get("agreement"):
            continue
        rows.append([way["name"]] + [
            f"{100 * way[side]['shares'].get(site, 0):.0f}"
            for site in sites for side in ("lab", "simulator")]
            + [f"{100 * abs(most_apart(way)[1]):.0f}"])
    return markdown_table([*head, "points apart, at most"], rows)


def most_apart(way):
    """Site whose share differs most between lab and simulator, and by how
    much, lab less simulator."""
    return max(way["agreement"]["shares_off"].items(),
               key=lambda one: abs(one[1]))


def parts(ways):
    head = ["policy", "", *(f"{p} ms" for p in figures.PARTS)]
    rows = []
    for way in ways:
        for side in ("lab", "simulator"):
            if way.get(side):
                rows.append([way["name"], side] + [
                    f"{way[side]['parts_ms'][p]:.1f}"
                    for p in figures.PARTS])
    return markdown_table(head, rows)


def trust(ways):
    head = ["way", "lag p50 ms", "p99", "longest", "machine busy", "by the "
            "lab", "by others", "seconds full"]
    rows = []
    for way in ways:
        lag, use = way["lag"], way["machine"]
        if not lag or not use:
            continue
        rows.append([way["name"], f"{lag['p50_ms']:.2f}",
                     f"{lag['p99_ms']:.2f}", f"{lag['longest_ms']:.1f}",
                     f"{use['machine']:.0%}", f"{use['own']:.0%}",
                     f"{use['others']:.0%}", f"{use['seconds_full']:.0%}"])
    return markdown_table(head, rows)


def fidelity(ways):
    head = ["way", "site", "service late p50 ms", "p99",
            "way beyond the link p50 ms", "p99"]
    rows = [[way["name"], site, *(f"{one[k]:.1f}" for k in (
        "service_late_p50_ms", "service_late_p99_ms",
        "way_over_link_p50_ms", "way_over_link_p99_ms"))]
        for way in ways for site, one in way["fidelity"].items()]
    return markdown_table(head, rows)


def absences(runs):
    """What was done to sites, and when; `runs`: way -> its plays."""
    head = ["way", "round", "site", "what", "absent from s", "gone at s",
            "until s", "back at s"]
    rows = [[name, str(run["round"] + 1), one["site"],
             "crash" if one["crash"] else "leave",
             *(seconds(one[key]) for key in ("from_ms", "gone_ms", "until_ms",
                                             "back_ms"))]
            for name, plays in runs.items() for run in plays
            for one in run.get("absences", [])]
    return markdown_table(head, rows)


def seconds(ms):
    """Empty for what has not happened."""
    return "" if ms is None else f"{ms / 1000:.2f}"


def difference(found):
    if found is None:
        return ""
    mean, half = found
    return f"{mean:+.1f}" + (f" +- {half:.1f}" if half is not None else "")


def span(way, key):
    low, high = way["simulator_spread"][key]
    return f"{low:.1f} - {high:.1f}"


def agrees(found):
    if found["mean_holds"] and found["p99_holds"]:
        return "yes"
    if found["mean_holds"]:
        return "mean only"
    return "p99 only" if found["p99_holds"] else "no"


def markdown_table(head, rows):
    if not rows:
        return ""
    lines = ["| " + " | ".join(head) + " |",
             "|" + "---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows])
