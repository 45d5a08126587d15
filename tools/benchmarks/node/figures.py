"""The figures that Petrel promises, out of what tools/bench measured, with their
targets."""
import re

import runtime_figures
import serving
import throughput


def counters(output, name):
    """Counters and times of one line of a Google Benchmark program."""
    for line in output.splitlines():
        if line.split()[:1] == [name]:
            found = {key: float(value) * {"k": 1e3, "M": 1e6, "": 1}[unit]
                     for key, value, unit in re.findall(
                         r"(\w+)=([\d.]+)([kM]?)(?:/s)?", line)}
            return found
    return {}


def of(out):
    """[{name, value, unit, target, met}]; parts that were not run are left
    out."""
    found = []

    def add(name, value, unit, target, most=True):
        if value is None:
            return
        met = value <= target if most else value >= target
        found.append({"name": name, "value": round(value, 3), "unit": unit,
                      "target": ("<= " if most else ">= ") + f"{target:g}",
                      "met": met})

    http = out.get("http", {})
    if http:
        add("hello inline, 32 connections, over nginx",
            http["inline_over_nginx_32"], "x", 0.6, most=False)
        add("hello threads, 32 connections, over nginx",
            http["threads_over_nginx_32"], "x", 0.4, most=False)
        add("CPU per request, two gateway loops over one",
            http["cpu_two_loops_over_one"], "x", 1.15)
        add("hello inline, 1 connection, p50 over bare Beast",
            http["inline_p50_over_beast_1"], "x", 1.3)
    start = out.get("start", {})
    if start:
        add("node start to ready", start["ready_ms"], "ms", 300)
        add("faas-cli up of hello from source to first answer",
            start["up_from_source_ms"], "ms", 1000)
    routing = out.get("routing", {}).get("output", "")
    sixteen = counters(routing, "decision_over_sites/16")
    add("decision over 16 sites, p50 of means over 16",
        sixteen.get("p50_ns"), "ns", 800)
    add("decision over 16 sites, p99 of means over 16",
        sixteen.get("p99_ns"), "ns", 3000)
    add("decision, one candidate, p50 of means over 16",
        counters(routing, "decision_over_sites/1").get("p50_ns"), "ns", 50)
    each = counters(routing, "observation_with_publish").get("items_per_second")
    add("observation, amortised", 1e9 / each if each else None, "ns", 300)
    remote = out.get("remote", {}).get("output", "")

    def of_remote(pattern):
        found_there = re.search(pattern, remote)
        return float(found_there[1]) if found_there else None

    add("events to a remote node over CAF requests",
        of_remote(r"median ratio ([\d.]+)"), "x", 5, most=False)
    add("events over an encrypted link over a plain one",
        of_remote(r"encrypted ([\d.]+)x of plain"), "x", 0.6, most=False)
    add("one event at a time, encrypted: p50 beyond plain",
        of_remote(r"encrypted (-?[\d.]+) us more"), "us", 60)
    ratio = re.search(r"median ratio ([\d.]+)",
                      out.get("bulk", {}).get("output", ""))
    add("bulk to a remote node over a plain OpenSSL copy",
        float(ratio[1]) if ratio else None, "x", 0.7, most=False)
    slow = out.get("slow_link", {}).get("bulk_connection", {})
    add("10 Mbit/s: growth of small events' p99 beside bulk",
        slow.get("p99_growth_ms"), "ms", 40)
    add("10 Mbit/s: late heartbeats beside bulk", slow.get("late_heartbeats"),
        "", 0)
    torch = out.get("torch", {}).get("output", "")
    rows = re.findall(r"^ +\d+ +[\d.]+ +([\d.]+) +[\d.]+ +[\d.]+ +(-?[\d.]+) ",
                      torch, re.MULTILINE)
    if rows:  # what is over 5 %, at the worst size
        add("torch: overhead beyond 5 % of the bare loop, worst size",
            max(float(over) - 50 * float(bare) for bare, over in rows), "us",
            50)
    simulated = out.get("sim", {}).get("output", "")
    for way, policy, target in (("round robin", "round-robin", 1000),
                                ("the full predictor", "min-latency", 200)):
        rate = re.search(rf"^{policy} +(\d+) events/s$", simulated,
                         re.MULTILINE)
        add(f"simulated events on one core, {way}",
            float(rate[1]) / 1000 if rate else None, "k/s", target, most=False)
    runtime_figures.add_runtimes(out, add)
    add_registry(out.get("registry", {}), add)
    return found


def add_registry(registry, add):
    if not registry:
        return
    for engine in ("sqlite", "redis"):
        row = registry[engine]
        add(f"1,000 deploys one by one, {engine}", row["seconds"], "s", 60)
        add(f"list of 1,000 functions, {engine}", row["list_ms"], "ms", 50)
        rate = re.search(rf"{engine}: .* (\d+) changes/s in groups",
                         registry["commits"])
        add(f"catalog changes in groups of 32, {engine}",
            float(rate[1]) if rate else None, "/s", 1000, most=False)
    many = registry["many"]
    add("10,000 functions: memory of the node", many["memory_mib"], "MiB",
        1024)
    add("10,000 functions: start to first answers", many["serves_after_s"],
        "s", 5)
    add("10,000 functions: request over one at 10", many["look_up_over_few"],
        "x", 1.2)


def table(figures):
    lines = []
    for figure in figures:
        lines.append(f"{figure['name']:58}{figure['value']:10g} "
                     f"{figure['unit']:3} target {figure['target']:8}"
                     f"{'met' if figure['met'] else 'MISSED'}")
    return "\n".join(lines)


def page(out):
    """A page for docs/results."""
    machine = out["machine"]
    text = ["# What `tools/bench` measured", "",
            f"`{' '.join(out['command'])}` at {machine['at']}, revision "
            f"{out['revision']}, {machine['cpu']}, {machine['cores']} cores, "
            f"{machine['os']}, load average "
            f"{', '.join(f'{x:.2f}' for x in machine['load_average'])}.", "",
            "| figure | measured | target | |", "|---|---|---|---|"]
    for figure in out["figures"]:
        text.append(f"| {figure['name']} | {figure['value']:g} "
                    f"{figure['unit']} | {figure['target']} "
                    f"{figure['unit']} | "
                    f"{'met' if figure['met'] else '**missed**'} |")
    http = out.get("http")
    if http:
        text += ["", "Medians over interleaved rounds; client and servers share the cores:",
                 "", "| server | requests/s, 32 connections | CPU us/request | "
                 "p50 us, 1 connection |", "|---|---|---|---|"]
        for name, rate in http["requests_per_second_32"].items():
            alone = http["p50_us_1"].get(name)
            text.append(f"| {name} | {rate:.0f} | "
                        f"{http['cpu_us_per_request'][name]:.2f} | "
                        f"{f'{alone:g}' if alone else ''} |")
    text += runtime_figures.sections(out, throughput.table)
    for part in ("remote", "bulk", "torch", "routing", "functions", "wire",
                 "sim"):
        output = out.get(part, {}).get("output")
        if output:
            text += ["", f"## {part}", "", "```", output.rstrip(), "```"]
    if out.get("serving"):
        text += ["", "## serving", "", serving.table(out["serving"])]
    registry = out.get("registry")
    if registry:
        text += ["", "## registry", "", "```", registry["commits"].rstrip()]
        text += [f"{name}: {registry[name]}"
                 for name in ("sqlite", "redis", "many")]
        text += ["```"]
    return "\n".join(text) + "\n"
