"""The report: figures of all ways, what the simulator says beside, whether they
can be believed; as Markdown, JSON, CSV and plots."""
import csv
import dataclasses
import json
import pathlib
import shlex

from lab import figures, fronts, machine, plots, tables
from lab.scenario import intervals

COLUMNS = ["way", "round", "seed", "id", "at_ms", "sent_ms", "latency_ms",
           "status", "site", "call_id", "function", "size", "bytes",
           "reply_bytes", "work_ms", "queue_ms", "service_ms", "cold_ms", "total_ms"]


def counted(scenario, records):
    return [r for r in records if r["at_ms"] >= scenario.warm_up_ms]


def short_trace(word):
    """SITE=FILE without FILE's folder, which is of one machine only."""
    site, equals, file = word.partition("=")
    return site + equals + pathlib.PurePath(file).name


def run_line(way, run, scenario):
    """One line for the terminal when a play has ended."""
    made = figures.summary(counted(scenario, run["records"]))
    if made is None:
        return f"round {run['round'] + 1}, {way}: no event was answered"
    shares = ", ".join(f"{site} {share:.0%}"
                       for site, share in made["shares"].items())
    return (f"round {run['round'] + 1}, {way}: mean {made['mean_ms']:.1f} ms, "
            f"p50 {made['p50_ms']:.1f}, p99 {made['p99_ms']:.1f}, failed "
            f"{made['failed']} of {made['events']}{by_status(made)}; {shares}")


def by_status(summary):
    """Of the events that failed; nothing when none did."""
    text = ", ".join(f"{count} x {status}" for status, count
                     in summary["failed_by_status"].items())
    return f" ({text})" if text else ""


class Report:
    def __init__(self, lab, facts, simulated):
        self.lab, self.facts = lab, facts
        self.scenario = lab.scenario
        self.site_names = [s.name for s in lab.scenario.sites]
        self.simulated = simulated
        self.cores = facts["cores"]
        self.ways = [self._way(name) for name in lab.runs]

    def pooled(self, name):
        return [r for run in self.lab.runs[name]
                for r in counted(self.scenario, run["records"])]

    def _way(self, name):
        runs = self.lab.runs[name]
        records = self.pooled(name)
        first = self.lab.ways[0]
        inside = [s for run in runs for s in run["samples"]
                  if s["at_s"] <= self.scenario.length_ms / 1000]
        made = {
            "name": name, "front": fronts.kind_of(name),
            "lab": figures.summary(records), "lag": figures.lag(records),
            "rounds": [figures.summary(counted(self.scenario, r["records"]))
                       for r in runs],
            "seeds": [r["seed"] for r in runs],
            "machine": machine.usage(inside, self.cores),
            "fidelity": figures.fidelity(self.scenario.sites, records)}
        if name != first:
            made["over_first_ms"] = figures.paired(
                [counted(self.scenario, r["records"]) for r in runs],
                [counted(self.scenario, r["records"])
                 for r in self.lab.runs[first]])
        if name in self.simulated:
            runs_of_it, more = self.simulated[name]
            made["simulator"] = figures.summary(
                [r for run in runs_of_it for r in run])
            made["simulator_spread"] = figures.spread(more)
        if made["lab"] and made.get("simulator"):
            made["agreement"] = figures.agreement(made["lab"],
                                                  made["simulator"])
            made["why"] = figures.reasons(
                made["agreement"], made["machine"], made["lag"],
                made["rounds"], made["simulator_spread"])
        return made

    # -- what is said ---------------------------------------------------------

    def command(self):
        given = self.lab.given
        words = ["tools/faas-lab", "run", given.file]
        if given.seconds:
            words += ["--seconds", f"{given.seconds:g}"]
        for policy in given.policy:
            words += ["--policy", policy]
        for front in given.front:
            words += ["--front", front]
        for trace in given.link_trace:
            words += ["--link-trace", trace]
        words += ["--rounds", str(given.rounds), "--seed", str(given.seed)]
        if given.service != "sleep":
            words += ["--service", given.service]
        return shlex.join(map(str, words))

    def throttle(self):
        if self.lab.throttle:
            return (f"{self.lab.mechanism}; a ms of work is "
                    f"{self.lab.throttle.unit:.2f} ms of a core at its best")
        return self.lab.mechanism

    def doubts(self):
        """Why the figures should not be believed; empty: nothing was seen."""
        said = []
        for way in self.ways:
            if way["lab"] is None:
                said.append(f"{way['name']}: no event was answered")
                continue
            if way["lag"] and not way["lag"]["valid"]:
                said.append(
                    f"{way['name']}: the generator was late by "
                    f"{way['lag']['p99_ms']:.1f} ms (p99; bound "
                    f"{figures.LAG_BOUND_MS:g} ms): its figures are not valid")
            if way["machine"] and way["machine"]["saturated"]:
                said.append(
                    f"{way['name']}: the machine was busy for "
                    f"{way['machine']['machine']:.0%} of the time, "
                    f"{way['machine']['others']:.0%} by other programs")
            if way["lab"]["failed"]:
                said.append(f"{way['name']}: {way['lab']['failed']} of "
                            f"{way['lab']['events']} events failed"
                            + by_status(way["lab"]))
        said += [f"{kind} is not installed: no row of it"
                 for kind in self.lab.absent]
        if len({s.keep_ms for s in self.scenario.sites}) > 1 and any(
                s.keep_ms > 0 for s in self.scenario.sites):
            said.append("one idle time holds for a function on all sites: a "
                        "site without `keep` also unloads it then, and loads "
                        "it again in a few ms")
        if self.lab.throttle and any(s.servers > 1
                                     for s in self.scenario.sites):
            said.append("with --service cpu the servers of a site share its "
                        "CPU quota: an event that is alone there is faster "
                        "than in the scenario")
        if self.lab.given.link_trace:
            said.append("links followed traces, of which the simulator does "
                        "not know: " + ", ".join(
                            map(short_trace, self.lab.given.link_trace)))
        return said

    def markdown(self):
        parts = [*self.head(), *self.beside(), *self.belief()]
        return "\n\n".join(part for part in parts if part) + "\n"

    def head(self):
        scenario, given = self.scenario, self.lab.given
        warm = (f", after a warm-up of {scenario.warm_up_ms / 1000:g} s"
                if scenario.warm_up_ms else "")
        return [
            f"# {scenario.name}", f"`{self.command()}`",
            f"{len(scenario.sites)} sites"
            + (f" and {scenario.gateways} gateways" if scenario.gateways > 1
               else "") + " on one machine, links emulated; "
            f"{scenario.length_ms / 1000:g} s{warm}; "
            f"{given.rounds} {'round' if given.rounds == 1 else 'rounds'} "
            f"with seeds from {given.seed}; each way meets the same events in "
            f"a round. Throttle: {self.throttle()}.",
            verdict(self.doubts()),
            tables.latencies(self.ways, self.site_names),
            "![latency over time](latency.svg)\n\n![shares](shares.svg)\n\n"
            "![distributions](ecdf.svg)", *self.absences()]

    def absences(self):
        table = tables.absences(self.lab.runs)
        return [] if not table else [
            "## Sites that were absent",
            "A site that crashed was cut off and its process killed; `back`: "
            "after its start it was connected again and would get events. "
            "Others were cordoned; `back`: no more.", table]

    def beside(self):
        return [
            "## Beside the simulator",
            "The same file and events in `faas-sim`; aim: mean within 10 %, "
            "p99 within 20 %.",
            tables.beside_simulator(self.ways), self.why(),
            "Shares of sites, which the aim does not cover:",
            tables.shares(self.ways, self.site_names),
            tables.parts(self.ways),
            "`rest`: the way there and back, and the nodes' own work. All "
            "events that wait for a load are `cold` to a node; to the "
            "simulator the first is, and others wait in the queue."]

    def belief(self):
        facts = self.facts
        return [
            "## Can it be believed", tables.trust(self.ways),
            "![CPU](cpu.svg)",
            "The emulation itself, beside what was asked of it:",
            tables.fidelity(self.ways),
            "The way beyond the link holds the nodes' own work, the wait for "
            "bytes ahead, and, with an HTTP proxy, the proxy.",
            f"{facts['cpu']}, {facts['cores']} cores, {facts['os']}, revision "
            f"{facts['revision']}, {facts['at']}, niceness "
            f"{facts['niceness']}, load average before "
            + " ".join(f"{load:.2f}" for load in facts["load_average"]) + "."]

    def why(self):
        lines = []
        for way in self.ways:
            found = way.get("agreement")
            if found and not (found["mean_holds"] and found["p99_holds"]):
                lines.append(f"- {way['name']} differs: "
                             + "; ".join(way["why"]) + ".")
        return "\n".join(lines)

    def json(self):
        given = self.lab.given
        return {
            "scenario": {"file": str(given.file), "name": self.scenario.name,
                         "length_ms": self.scenario.length_ms,
                         "warm_up_ms": self.scenario.warm_up_ms,
                         "gateways": self.scenario.gateways,
                         "sites": [dataclasses.asdict(s)
                                   for s in self.scenario.sites],
                         "functions": self.scenario.functions},
            "setting": {"command": self.command(), "rounds": given.rounds,
                        "seed": given.seed, "service": given.service,
                        "throttle": self.throttle(), "emulated": True,
                        "absent": self.lab.absent},
            "absences": {name: [run.get("absences", []) for run in runs]
                         for name, runs in self.lab.runs.items()},
            "machine": self.facts, "doubts": self.doubts(), "ways": self.ways}


def verdict(doubts):
    if not doubts:
        return ("The generator kept its times and the machine was not "
                "saturated.")
    return "**Mind:**\n\n" + "\n".join(f"- {one}." for one in doubts)


def write_events(path, runs):
    with open(path, "w", newline="") as out:
        rows = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
        rows.writeheader()
        for way, plays in runs.items():
            for run in plays:
                for one in run["records"]:
                    rows.writerow({
                        **{k: round(v, 4) if isinstance(v, float) else v
                           for k, v in one.items()},
                        "way": way, "round": run["round"],
                        "seed": run["seed"]})


def write(lab, facts, simulated):
    """All files of the report; what the terminal shows."""
    made = Report(lab, facts, simulated)
    out, scenario = lab.given.out, lab.scenario
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(made.markdown())
    (out / "report.json").write_text(json.dumps(made.json(), indent=1))
    write_events(out / "events.csv", lab.runs)
    spans = {s.name: intervals(s, scenario.length_ms) for s in scenario.sites}
    first = {name: runs[0]["records"] for name, runs in lab.runs.items()}
    (out / "latency.svg").write_text(plots.latency(scenario, spans, first))
    (out / "shares.svg").write_text(plots.shares(scenario, spans, first))
    (out / "ecdf.svg").write_text(plots.ecdf(
        {name: made.pooled(name) for name in lab.runs},
        {name: [r for run in runs for r in run]
         for name, (runs, _) in simulated.items()}))
    (out / "cpu.svg").write_text(plots.cpu(
        scenario, spans, {name: runs[0]["samples"]
                          for name, runs in lab.runs.items()}, made.cores))
    return "\n".join(part for part in (
        tables.latencies(made.ways, made.site_names), "",
        tables.beside_simulator(made.ways), made.why(),
        *(f"mind: {one}" for one in made.doubts()),
        f"throttle: {made.throttle()}", f"report: {out / 'report.md'}") if part)
