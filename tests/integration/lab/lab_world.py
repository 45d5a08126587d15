"""A short scenario, and faas-lab as a child."""
import os
import pathlib
import subprocess
import sys

BUILD = pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev"))
SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
SCENARIO = """
name: two sites, five seconds
length: 5s
warm_up: 1s
sites:
  near:
    servers: 2
    slowdown: 2
    rtt: 2ms
    disturbances:
      - {from: 2500ms, slowdown: 4}
  far:
    servers: 4
    rtt: 30ms
    jitter: 1ms
    mbit: 100
    mbit_back: 20
    disturbances:
      - {from: 3500ms, rtt: 4}
functions:
  work:
    size: {law: log_normal, mean: 1, sigma: 0.4}
    ms_per_unit: 8
    bytes_per_unit: 10000
    reply_bytes_per_unit: 30000
events:
  - {function: work, rate: 20}
"""


# The far site is told that it leaves; the near one crashes.
ABSENT = SCENARIO.replace(
    "  near:\n", "  near:\n    absent: [{from: 2s, until: 2500ms}]\n").replace(
    "  far:\n", "  far:\n    absent: [{from: 0s, until: 800ms, crash: false}, "
    "{from: 1s, until: 1500ms, crash: false}]\n")


TWO_GATEWAYS = SCENARIO.replace(
    "events:\n  - {function: work, rate: 20}\n",
    "gateways: 2\nevents:\n  - {function: work, rate: 10}\n"
    "  - {function: work, rate: 10, gateway: 1}\n")


def command(folder, *words, text=SCENARIO):
    """faas-lab with a scenario of that text, its report in `folder`."""
    file = pathlib.Path(folder) / "scenario.yml"
    file.write_text(text)
    return [sys.executable, "-B", str(SOURCE / "tools" / "faas-lab"), "run",
            str(file), "--programs", str((BUILD / "bin").resolve()), "--out",
            str(pathlib.Path(folder) / "report"), *map(str, words)]


def lab(folder, *words, text=SCENARIO):
    return subprocess.run(command(folder, *words, text=text),
                          capture_output=True, text=True, timeout=250)


def start_time(pid):
    """Ticks since boot when that process started, which tells it from a later
    one of the same number; None: it is not there, or only its parent has not
    asked for its status yet."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    words = text.rsplit(")", 1)[1].split()
    return None if words[0] in "ZX" else int(words[19])


def parents():
    """pid -> parent's pid, of all processes."""
    made = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            made[int(entry.name)] = int(text.rsplit(")", 1)[1].split()[1])
    return made


def descendants(pid):
    """(pid, start time) of all below that process."""
    parent = parents()
    found, todo = {}, [pid]
    while todo:
        above = todo.pop()
        for child, of in parent.items():
            if of == above and child not in found:
                started = start_time(child)
                if started is not None:
                    found[child] = started
                todo.append(child)
    return set(found.items())
