"""A scenario as faas-sim reads it: one reader of the file, with its errors, for
simulator and lab; and the events that both meet."""
import bisect
import csv
import dataclasses
import io
import json
import math
import re
import subprocess

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
GATEWAY = "lab-gateway"
MOST_BYTES = 16 << 20
MOST_GATEWAYS = 8
MOST_STEPS = 20_000  # of a kind of disturbances of a site, told one by one
MOST_SPANS = 24      # of a site, shown one by one
AFTER_MS = 10_000.0  # disturbances repeat for events under way at the end, too


class Refused(Exception):
    """The user must change something; exit status 2."""


@dataclasses.dataclass(frozen=True)
class Absence:
    from_ms: float
    until_ms: float | None  # None: it does not come back before the end
    crash: bool             # else told before, and what it has is finished


@dataclasses.dataclass
class Site:
    name: str
    tier: str
    servers: int
    slowdown: float
    rtt_ms: float
    jitter_ms: float
    mbit: float
    cold_ms: float
    keep_ms: float
    loss: float
    steps: dict  # "slowdown", "rtt", "bandwidth" -> [[from ms, factor], ...]
    mbit_back: float = 0.0  # of the way back; 0: without limit
    period_ms: float = 0.0  # after which its disturbances repeat; 0: not.
    # `steps` hold the repetitions, too.
    absent: list = dataclasses.field(default_factory=list)  # of Absence, by time

    def factor(self, kind, at_ms):
        """Of its disturbances at that time; 1 before the first."""
        return self.holds(kind, at_ms)[0]

    def is_absent(self, at_ms):
        return any(one.from_ms <= at_ms and (
            one.until_ms is None or at_ms < one.until_ms)
            for one in self.absent)

    def holds(self, kind, at_ms):
        """That factor, and until when it holds."""
        steps = self.steps.get(kind, [])
        after = bisect.bisect_right(steps, at_ms, key=lambda step: step[0])
        return (steps[after - 1][1] if after > 0 else 1.0,
                steps[after][0] if after < len(steps) else math.inf)


@dataclasses.dataclass
class Event:
    at_ms: float
    function: str
    size: float
    bytes: int
    work_ms: float
    reply_bytes: int = 0
    gateway: int = 0


@dataclasses.dataclass
class Scenario:
    file: str
    name: str
    length_ms: float
    warm_up_ms: float
    sites: list
    functions: list  # as faas-sim prints them
    gateways: int = 1

    def site(self, name):
        return next((s for s in self.sites if s.name == name), None)


class Simulator:
    """faas-sim, for one scenario file played in `seconds` (0: its own time)."""

    def __init__(self, programs, file, seconds):
        self.program = programs / "faas-sim"
        self.file = str(file)
        self.seconds = seconds

    def _ask(self, word, *options):
        done = subprocess.run(
            [self.program, word, self.file, "--seconds", f"{self.seconds:g}",
             *map(str, options)], capture_output=True, text=True)
        if done.returncode != 0:
            raise Refused(done.stderr.strip().removeprefix("faas-sim: "))
        return done.stdout

    def scenario(self):
        return from_json(self.file, json.loads(self._ask("show")))

    def events(self, seed):
        rows = csv.DictReader(io.StringIO(self._ask("draw", "--seed", seed)))
        return [Event(float(r["at_ms"]), r["function"], float(r["size"]),
                      int(r["bytes"]), float(r["work_ms"]),
                      int(r["reply_bytes"]), int(r["gateway"])) for r in rows]

    def play(self, seed, policy):
        """What becomes of the events after the warm-up: rows of numbers and
        the site's name."""
        text = self._ask("play", "--seed", seed, "--policy", policy)
        return [{key: value if key == "site" else float(value)
                 for key, value in row.items()}
                for row in csv.DictReader(io.StringIO(text))]


def repeated(steps, period_ms, length_ms):
    """Disturbances that begin again after each period, as plain steps until
    `length_ms`. Before the first step of any period the factor is 1, as in
    the simulator (libfaas/sim/schedule)."""
    if not steps or period_ms <= 0:
        return steps
    one = steps if steps[0][0] <= 0 else [[0.0, 1.0], *steps]
    return [[number * period_ms + begin, factor]
            for number in range(math.ceil(length_ms / period_ms))
            for begin, factor in one]


def spread_out(file, site, length_ms):
    """Its disturbances as steps until some time after the end. Refuses those
    that are too many."""
    if site.period_ms <= 0:
        return
    until = length_ms + AFTER_MS
    for kind, steps in site.steps.items():
        count = (len(steps) + 1) * until / site.period_ms
        if steps and count > MOST_STEPS:
            raise Refused(
                f"{file}: sites.{site.name}.repeat: its disturbances come "
                f"again so often that there are {count:.0f} steps of {kind}; "
                f"the lab plays {MOST_STEPS}. Let them repeat later, or the "
                "scenario be shorter")
        site.steps[kind] = repeated(steps, site.period_ms, until)


def absences(file, site, length_ms):
    """Those of a site, as faas-sim prints it, that begin before the end."""
    made = []
    for one in site.get("absent", []):
        if one["deploy_ms"] > 0:
            raise Refused(f"{file}: sites.{site['name']}.absent: deploy is not "
                          "played: real nodes deploy in the time that they "
                          "need. Leave it out")
        until = one["until_ms"]
        if one["from_ms"] < length_ms:
            made.append(Absence(
                one["from_ms"], until if until is not None
                and until < length_ms else None, one["crash"]))
    return made


def from_json(file, made):
    """Refuses what the lab cannot play."""
    fields = {f.name for f in dataclasses.fields(Site)}
    sites = [Site(**{"loss": 0.0, **{k: v for k, v in one.items()
                                     if k in fields},
                     "steps": dict(one["steps"]),
                     "absent": absences(file, one, made["length_ms"])})
             for one in made["sites"]]
    for kind, named in (("site", made["sites"]), ("function",
                                                  made["functions"])):
        for one in named:
            if not NAME.match(one["name"]):
                raise Refused(f"{file}: {kind} {one['name']}: the lab needs "
                              "names of a-z, 0-9 and -, at most 63")
    if any(re.fullmatch(GATEWAY + r"(-\d+)?", s.name) for s in sites):
        raise Refused(f"{file}: {GATEWAY} is the lab's own node")
    if made["gateways"] > MOST_GATEWAYS:
        raise Refused(f"{file}: gateways: {made['gateways']}: the lab plays "
                      f"{MOST_GATEWAYS} at most; faas-sim plays more")
    if any(one.get("batch") for one in made["sites"]):
        raise Refused(f"{file}: sites that serve in batches are not played")
    if any(one.get("memory_bytes", 0) > 0 for one in made["sites"]):
        raise Refused(f"{file}: sites with a bound on memory are not played")
    if made.get("background"):
        raise Refused(f"{file}: events of one site only are not played")
    for site in sites:
        spread_out(file, site, made["length_ms"])
    return Scenario(file, made["name"] or file, made["length_ms"],
                    made["warm_up_ms"], sites, made["functions"],
                    made["gateways"])


def intervals(site, length_ms):
    """Disturbances of a site as (begin ms, end ms, text), for people."""
    texts = {"slowdown": "{:g}x slower", "rtt": "RTT x{:g}",
             "bandwidth": "bandwidth x{:g}"}
    spans = {}
    for kind, steps in site.steps.items():
        for number, (begin, factor) in enumerate(steps):
            end = steps[number + 1][0] if number + 1 < len(steps) else length_ms
            if factor != 1 and begin < min(end, length_ms):
                text = texts[kind].format(round(factor, 3))
                spans.setdefault((begin, min(end, length_ms)), []).append(text)
    if site.period_ms > 0 and len(spans) > MOST_SPANS:
        spans = {(0, length_ms): [
            f"disturbances repeat each {site.period_ms / 1000:g} s"]}
    for gone in site.absent:
        end = length_ms if gone.until_ms is None else gone.until_ms
        spans.setdefault((gone.from_ms, end), []).append(
            "crashed" if gone.crash else "absent")
    return [(begin, end, ", ".join(parts))
            for (begin, end), parts in sorted(spans.items())]
