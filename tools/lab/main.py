"""faas-lab: a scenario on real nodes. See docs/lab.md."""
import argparse
import fcntl
import os
import pathlib
import shutil
import signal
import sys
import time

from lab import emulation, figures, fronts, machine, nodes, play, report, throttle
from lab.common import turns
from lab.scenario import MOST_BYTES, Refused, Simulator

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPREAD_RUNS = 20  # of the simulator
PROGRAMS = ["faas-node", "faas-cli", "faas-sim", "link-emulator", "lab-player",
            "lab-service.so"]


def options(words):
    parser = argparse.ArgumentParser(
        prog="faas-lab", description="Plays a scenario on real nodes and "
        "compares policies, and the lab with the simulator.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="play a scenario")
    run.add_argument("file", metavar="SCENARIO.yml")
    run.add_argument("--seconds", type=float, default=0, help="play it in that "
                     "much time: length, warm-up and disturbances in "
                     "proportion (default: its own time)")
    run.add_argument("--policy", action="append", metavar="NAME",
                     help="may be repeated (min-latency)")
    run.add_argument("--front", action="append", default=[],
                     type=fronts.front_word, metavar="NAME", help="another "
                     "proxy in front of the same nodes: haproxy, nginx or "
                     "NAME=COMMAND; may be repeated")
    run.add_argument("--rounds", type=int, default=1,
                     help="each policy plays so often (1)")
    run.add_argument("--seed", type=int, default=1, help="of the first round")
    run.add_argument("--service", choices=["sleep", "cpu"], default="sleep",
                     help="work is a sleep, or uses the CPU under a quota")
    run.add_argument("--link-trace", action="append", default=[],
                     metavar="SITE=FILE", help="the link of a site follows a "
                     "script of the link emulator (SECONDS COMMAND a line)")
    run.add_argument("--name", help="of the folder (the scenario's)")
    run.add_argument("--out", type=pathlib.Path, help="folder of the report "
                     "(build/lab/NAME)")
    run.add_argument("--programs", type=pathlib.Path,
                     default=ROOT / "build/release/bin")
    given = parser.parse_args(words)
    given.policy = given.policy or ["min-latency"]
    check(given)
    return given


def check(given):
    if not 0 <= given.seconds <= 86_400:
        raise Refused("--seconds must be 0 to 86400")
    if not 1 <= given.rounds <= 1000:
        raise Refused("--rounds must be 1 to 1000")
    if not 0 <= given.seed < 2 ** 32:
        raise Refused("--seed must be 0 to 4294967295")
    if len({fronts.way(w) for w in given.front}) < len(given.front):
        raise Refused("a --front is given twice")
    if len(set(given.policy)) < len(given.policy):
        raise Refused("a --policy is given twice")
    missing = [p for p in PROGRAMS if not (given.programs / p).exists()]
    if missing:
        raise Refused(f"{', '.join(missing)} not in {given.programs}: build "
                      "them with tools/setup; cmake --preset release; cmake "
                      "--build --preset release --target " + " ".join(
                          p.replace("lab-service.so", "lab_service")
                          for p in missing))
    given.name = given.name or pathlib.Path(given.file).stem
    given.out = given.out or ROOT / "build/lab" / given.name


def traces(words, scenario):
    """site -> file."""
    made = {}
    for word in words:
        site, _, file = word.partition("=")
        path = pathlib.Path(file)
        if scenario.site(site) is None or not path.is_file():
            raise Refused(f"--link-trace {word}: SITE=FILE, a site of the "
                          "scenario and a file")
        if wrong := emulation.wrong_line(path.read_text()):
            raise Refused(f"{path}:{wrong}: no SECONDS COMMAND of the link "
                          "emulator (rtt, mbit, jitter, loss with a number; "
                          "cut, heal)")
        made[site] = path.resolve()
    return made


class Lab:
    def __init__(self, given):
        self.given = given
        self.begun = time.monotonic()
        self.simulator = Simulator(given.programs, given.file, given.seconds)
        self.scenario = self.simulator.scenario()
        self.terminal = sys.stdout.isatty()
        self.told = 0.0
        if given.front and any(s.absent for s in self.scenario.sites):
            raise Refused(f"{given.file}: sites that are absent for a time are "
                          "not played with --front: nobody tells the proxy. "
                          "Leave --front out")
        if given.front and self.scenario.gateways > 1:
            raise Refused(f"{given.file}: gateways: {self.scenario.gateways}: "
                          "not with --front, which is one proxy that sees all "
                          "events. Leave --front out")
        self.absent = fronts.absent(given.front)
        self.ways = list(given.policy) + [
            fronts.way(kind) for kind in given.front
            if kind not in self.absent]
        self.runs = {way: [] for way in self.ways}  # one per round
        self.throttle = None
        self.traces = traces(given.link_trace, self.scenario)

    def say(self, text, passing=False):
        line = f"[{time.monotonic() - self.begun:5.0f} s] {text}"
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print("\r\x1b[K" + line[:width] if passing else "\r\x1b[K" + line,
                  end="" if passing else "\n", flush=True)
        else:
            print(line, flush=True)

    def progress(self, way, number, events):
        def tell(at_s, records):
            every = 1.0 if self.terminal else 5.0
            if time.monotonic() - self.told >= every:
                self.told = time.monotonic()
                self.say(f"round {number + 1}, {at_s:3.0f} s of the scenario, "
                         + play.status_line(at_s, records, events, way,
                                            self.scenario), passing=True)
        return tell

    def play_one(self, way, number, events):
        folder = self.given.out / "nodes"
        kind = fronts.kind_of(way)
        self.say(f"round {number + 1}: starting {len(self.scenario.sites)} "
                 f"sites for {way}", passing=True)
        cluster = nodes.Cluster(folder, self.given.programs, self.scenario,
                                None if kind else way, self.throttle,
                                self.traces)
        try:
            ports = ([fronts.start(kind, cluster, self.given.front)] if kind
                     else [one.port for one in cluster.gateways])
            one = play.Play(self.scenario, events, self.scenario.warm_up_ms)
            records = one.run(self.given.programs, cluster, ports,
                              self.progress(way, number, events))
            self.mechanism = next(
                (limit.mechanism for limit in cluster.limits.values()),
                "none: work is a sleep of the event's time")
            return {"round": number, "seed": self.given.seed + number,
                    "records": records, "samples": one.samples,
                    "absences": cluster.absences.notes}
        finally:
            cluster.stop()

    def play_all(self):
        """Whole plays take turns, forwards and backwards, so that a drift of
        the machine falls on all alike. A play begins with fresh nodes that have
        learned nothing, as a run of the simulator does."""
        if self.given.service == "cpu":
            self.say("measuring this machine's cores")
            self.throttle = throttle.Throttle(self.given.programs,
                                              self.scenario.sites)
        for number in range(self.given.rounds):
            events = self.simulator.events(self.given.seed + number)
            if any(max(e.bytes, e.reply_bytes) > MOST_BYTES for e in events):
                raise Refused("an event or its reply has more than 16 MiB, "
                              "which no gateway takes")
            for way in turns.order(self.ways, number):
                run = self.play_one(way, number, events)
                self.runs[way].append(run)
                self.say(report.run_line(way, run, self.scenario))

    def simulate(self):
        """way -> records of each round, and those of more seeds, by which it is
        seen how much one run differs from another; none for other proxies."""
        made = {}
        for way, runs in self.runs.items():
            if fronts.kind_of(way):
                continue
            self.say(f"simulating {way}", passing=True)
            first = self.given.seed
            more = range(first, first + SPREAD_RUNS)
            made[way] = ([self.simulator.play(run["seed"], way)
                          for run in runs],
                         [figures.summary(self.simulator.play(seed, way))
                          for seed in more])
        return made


def alone(folder):
    """Holds the folder for this process, until it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    held = open(folder / "lock", "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Refused(f"another faas-lab writes to {folder}: give --name or "
                      "--out") from None
    return held


def go_ahead():
    """Before other programs of the machine where that is allowed: nodes and
    player inherit it. What was reached."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except OSError:
        pass
    return os.getpriority(os.PRIO_PROCESS, 0)


def end_on(number, _frame):
    raise SystemExit(128 + number)


def main(words=None):
    signal.signal(signal.SIGTERM, end_on)
    signal.signal(signal.SIGHUP, end_on)
    try:
        given = options(words)
        lab = Lab(given)
        for policy in given.policy:  # refused before anything starts
            lab.simulator.play(given.seed, policy)
        with alone(given.out):
            facts = {**machine.facts(ROOT), "niceness": go_ahead()}
            lab.play_all()
            text = report.write(lab, facts, lab.simulate())
        print("\n" + text)
        return 0
    except Refused as wrong:
        print(f"faas-lab: {wrong}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nfaas-lab: stopped; no report", file=sys.stderr)
        return 130
    except (RuntimeError, OSError) as failed:
        print(f"faas-lab: {failed}", file=sys.stderr)
        return 1
