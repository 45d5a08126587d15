"""Figures of the runtimes for tools/bench: what its programs printed, beside
the speeds that Petrel promises."""
import re


def cells(output, *first):
    """Numbers of the table row that begins with these cells."""
    for line in output.splitlines():
        row = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if tuple(row[:len(first)]) == first:
            return [float(cell) if re.fullmatch(r"-?[\d.]+", cell) else None
                    for cell in row[len(first):]]
    return None


def add_runtimes(out, add):
    modes = out.get("modes", {}).get("output", "")
    for mode, bound in (("inline", 1), ("threads", 15), ("isolated", 40)):
        row = cells(modes, "1 KiB", "1", mode)
        add(f"{mode}: p50 over calling the handler, 1 KiB, 1 call",
            row[2] if row else None, "us", bound)
    for way, bound in (("threads", 2), ("isolated", 15)):
        row = cells(modes, way)
        add(f"{way}: cold start to first answer, p50", row[0] if row else None,
            "ms", bound)
    scale = out.get("bench_scale", {}).get("output", "")
    for way, bound in (("native, threads", 2), ("native, isolated", 15),
                       ("TorchScript, 1.7 MB, from its file", 60)):
        row = cells(scale, way)
        add(f"{way}: first answer after leaving the memory, p50",
            row[0] if row else None, "ms", bound)
    for way in ("native, threads", "native, isolated"):
        row = cells(scale, way, "1000")
        add(f"{way}: one of 1,000 deployed, not in memory",
            row[0] if row else None, "KiB", 50)
    row = cells(out.get("bench_worker", {}).get("output", ""), "1 KiB",
                "worker")
    add("Python worker: p50, 1 KiB, 1 call", row[0] if row else None, "us", 80)
    programs = out.get("bench_process", {}).get("output", "")
    row = cells(programs, "http, Node", "1 KiB", "1")
    add("http: p50 over asking the same server, 1 KiB, 1 call",
        row[4] if row else None, "x", 1.3)
    row = cells(programs, "fork, tr", "1 KiB", "1")
    add("fork: p50 over the same start by hand", row[4] if row else None, "x",
        1.2)
    ratios = out.get("runtimes", {}).get("ratios", {})
    for pair, bound in (("py-worker / fork for each request (Go)", 10),
                        ("py-worker / functions-framework (PyPI)", 5),
                        ("js-http / functions-framework (npm)", 5)):
        add(f"{pair}, 32 connections", ratios.get(pair), "x", bound,
            most=False)
    serving = out.get("serving", {}).get("rows")
    if serving:
        own = serving[0]
        add("torch through HTTP, single images, over the bare loop's best",
            own["of_bare"], "x", 0.8, most=False)
        add("torch through HTTP: p99 at half load", own["half_p99_ms"], "ms",
            5)
        add("torch through HTTP: memory of the node (PSS)", own["pss_mib"],
            "MiB", 350 / 1.048576)


def sections(out, table):
    """Text for the page."""
    text = []
    for part in ("modes", "bench_scale", "bench_worker", "bench_process"):
        output = out.get(part, {}).get("output")
        if output:
            text += ["", f"## {part}", "", output.rstrip()]
    if out.get("runtimes"):
        text += ["", "## runtimes", "", table(out["runtimes"])]
    return text
