"""Sites that are absent for a time, on real nodes (docs/lab.md). What is done
when is pure; `Absences` lets a cluster do it."""
import dataclasses
import time

from lab.scenario import Absence

SILENCE_MS = 250.0  # as libfaas/sim/scenario.hpp, suspect_ms
BACK_S = 30.0       # from its start until a site is a candidate again


@dataclasses.dataclass(frozen=True)
class Step:
    at_ms: float
    site: str
    what: str  # cut, kill, start, cordon, uncordon
    gone: Absence


def crashes(gone):
    """A site that is not there from the begin has nothing that it could lose."""
    return gone.crash and gone.from_ms > 0


def silence_ms(site):
    """After so long the simulator's gateways know that it has crashed."""
    return max(SILENCE_MS, 4 * site.rtt_ms)


def steps_of(site, gone):
    """Of one absence, by time."""
    came = gone.until_ms is not None
    if not crashes(gone):
        made = [(gone.from_ms, "cordon")]
        made += [(gone.until_ms, "uncordon")] if came else []
    else:
        kill = gone.from_ms + silence_ms(site)
        made = [(gone.from_ms, "cut"),
                (min(kill, gone.until_ms) if came else kill, "kill")]
        made += [(gone.until_ms, "start")] if came else []
    return [Step(at, site.name, what, gone) for at, what in made]


def plan(sites):
    """All steps, by time; those of a site in order."""
    return sorted((step for site in sites for gone in site.absent
                   for step in steps_of(site, gone)),
                  key=lambda step: step.at_ms)


class Absences:
    """`cluster` does what steps say. Steps and `poll` come from one thread;
    `notes` are complete when that has ended."""

    def __init__(self, cluster, sites, clock=time.monotonic):
        self.cluster, self.clock = cluster, clock
        self.steps = plan(sites)
        self.begin = None   # by the clock
        self.notes = [
            {"site": site.name, "crash": crashes(gone),
             "from_ms": gone.from_ms, "until_ms": gone.until_ms,
             "gone_ms": None, "back_ms": None}
            for site in sites for gone in site.absent]
        self.coming = {}    # site -> (note, latest time by the clock)

    def leave_first(self):
        """Before the begin. Names of the sites that are absent from then."""
        first = [step for step in self.steps if step.at_ms <= 0]
        for step in first:
            self.cluster.set_duty(step.site, step.what)
            self._note(step)["gone_ms"] = 0.0
        return [step.site for step in first]

    def timed(self):
        """For a timetable: the others."""
        return [(step.at_ms, lambda step=step: self.do(step))
                for step in self.steps if step.at_ms > 0]

    def do(self, step):
        note = self._note(step)
        if step.what in ("cut", "kill"):
            self.coming.pop(step.site, None)
        if step.what == "cut":
            self.cluster.tell_link(step.site, "cut")
            note["gone_ms"] = self._now_ms()
        elif step.what == "kill":
            self.cluster.kill_site(step.site)
        elif step.what == "start":
            self.cluster.tell_link(step.site, "heal")
            self.cluster.start_again(step.site)
            self.coming[step.site] = (note, self.clock() + BACK_S)
        else:
            self.cluster.set_duty(step.site, step.what)
            key = "gone_ms" if step.what == "cordon" else "back_ms"
            note[key] = self._now_ms()

    def poll(self):
        """Looks whether sites that were started again have come back; whether
        some have not. Raises RuntimeError for one that takes too long."""
        for site, (note, latest) in list(self.coming.items()):
            if self.cluster.is_back(site):
                note["back_ms"] = self._now_ms()
                del self.coming[site]
            elif self.clock() > latest:
                raise RuntimeError(
                    f"{site} was started again and has not come back within "
                    f"{BACK_S:.0f} s; see {self.cluster.folder}")
        return bool(self.coming)

    def _note(self, step):
        return next(one for one in self.notes if one["site"] == step.site
                    and one["from_ms"] == step.gone.from_ms)

    def _now_ms(self):
        return 1000 * (self.clock() - self.begin)
