"""What is told to the parts that play a site: the file that its function reads,
the options and the script of its link, its share of a core. Pure but for
`replace`."""
import os
import re

TRACE_LINE = re.compile(
    r"\s*(#.*)?$|\s*\d+(\.\d*)?\s+((rtt|mbit|mbit-there|mbit-back|jitter|loss)"
    r"\s+\d+(\.\d*)?|jitter-law\s+(uniform|exponential)|cut|heal)\s*$")


def replace(path, text):
    """In one step: readers see the old or the new text."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    os.replace(fresh, path)


def site_file(site, begin_ns=0, loops_per_ms=0.0):
    """For tools/lab/service/site_file.hpp. Before the begin nothing is cold."""
    lines = [f"begin_ns {begin_ns}", f"slowdown {site.slowdown:.9g}",
             f"cold_ms {site.cold_ms if begin_ns else 0:.9g}",
             f"loops_per_ms {loops_per_ms:.9g}"]
    lines += [f"step {begin:.9g} {factor:.9g}"
              for begin, factor in site.steps.get("slowdown", [])]
    return "\n".join(lines) + "\n"


def rates(site, towards_site):
    """Option and rate of each way that a scenario bounds. A node dials the
    gateway, so for a link the way to the site is `back`; for HTTP it is
    `there`."""
    there, back = ("mbit-there", "mbit-back") if towards_site else (
        "mbit-back", "mbit-there")
    return [(option, mbit) for option, mbit in
            ((there, site.mbit), (back, site.mbit_back)) if mbit > 0]


def link_options(site, towards_site):
    made = ["--rtt", f"{site.rtt_ms:.9g}", "--jitter", f"{site.jitter_ms:.9g}",
            "--jitter-law", "exponential"]
    for option, mbit in rates(site, towards_site):
        made += ["--" + option, f"{mbit:.9g}"]
    if site.loss > 0:
        made += ["--loss", f"{site.loss:.9g}"]
    return made


def link_script(site, towards_site):
    """Its disturbances for the link emulator; empty: it has none."""
    lines = []
    for begin, factor in site.steps.get("rtt", []):
        lines.append((begin, f"rtt {site.rtt_ms * factor:.9g}"))
    for option, mbit in rates(site, towards_site):
        for begin, factor in site.steps.get("bandwidth", []):
            lines.append((begin, f"{option} {mbit * factor:.9g}"))
    lines.sort(key=lambda one: one[0])
    return "".join(f"{begin / 1000:.6f} {command}\n"
                   for begin, command in lines)


def wrong_line(text):
    """Number of the first line of a trace that is none; None: all are."""
    last = 0.0
    for number, line in enumerate(text.splitlines(), 1):
        if not TRACE_LINE.match(line):
            return number
        if line.strip() and not line.strip().startswith("#"):
            at = float(line.split()[0])
            if at < last:
                return number
            last = at
    return None


def cores_per_server(sites, cores):
    """With work that uses the CPU: cores that a server of slow-down 1 has, so
    that all sites together need at most 0.8 of the machine; at most 1 for the
    fastest of them."""
    wanted = sum(site.servers / site.slowdown for site in sites)
    fastest = max(1 / site.slowdown for site in sites)
    return min(0.8 * cores / wanted, 0.9 / fastest)


def site_cores(site, at_ms, unit):
    """The share of a core that all servers of the site have together."""
    return (unit * site.servers / site.slowdown
            / site.factor("slowdown", at_ms))
