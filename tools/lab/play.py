"""One play of a scenario: events at their times, what became of each, and how
the machine was meanwhile."""
import csv
import subprocess
import threading
import time

from lab import machine
from lab.common import die_with_parent

LEAD_S = 1.0    # from the start of the player to the scenario's begin
DRAIN_S = 95.0  # answers may take until after the last event


def events_text(events):
    rows = ["at_ms,path,size,bytes,work_ms,reply_bytes"]
    rows += [f"{e.at_ms:.6f},/function/{e.function},{e.size:.9g},{e.bytes},"
             f"{e.work_ms:.9g},{e.reply_bytes}" for e in events]
    return "\n".join(rows) + "\n"


def by_gateway(events, count):
    """For each gateway its (number, event); all of them where there is one."""
    numbered = list(enumerate(events))
    return [numbered] if count == 1 else [
        [one for one in numbered if one[1].gateway == gateway]
        for gateway in range(count)]


def record(row, numbered):
    """Of the player's line; the event's own facts added."""
    number_of, event = numbered[int(row["id"])]
    number = {key: float(row[key] or 0) for key in
              ("sent_ms", "latency_ms", "queue_ms", "service_ms", "cold_ms",
               "total_ms")}
    return {"id": number_of, "at_ms": event.at_ms, **number,
            "status": int(row["status"]),
            "site": row["site"].split("/")[0], "call_id": row["call_id"],
            "function": event.function, "size": event.size,
            "bytes": event.bytes, "reply_bytes": event.reply_bytes,
            "work_ms": event.work_ms}


class Player:
    """lab-player as a child. `numbered`: events with their numbers. Adds to
    `records` as they come."""

    def __init__(self, programs, port, numbered, begin, records):
        self.numbered = numbered
        self.records = records
        self.child = subprocess.Popen(
            [programs / "lab-player", str(port), str(int(begin * 1e9))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent())
        self.child.stdin.write(events_text([one for _, one in numbered]))
        self.child.stdin.close()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for row in csv.DictReader(self.child.stdout):
            if row.get("total_ms") is not None:
                self.records.append(record(row, self.numbered))

    def ended(self):
        return self.child.poll() is not None

    def stop(self):
        if not self.ended():
            self.child.kill()
        self.child.wait()
        self.reader.join(5)


def pids(players):
    return {f"player-{number}": one.child.pid
            for number, one in enumerate(players, 1)}


class Play:
    def __init__(self, scenario, events, warm_up_ms):
        self.scenario, self.events = scenario, events
        self.warm_up_ms = warm_up_ms

    def run(self, programs, cluster, ports, progress):
        """`ports`: of the gateways. `progress(at_s, records)` some times a
        second. Records by id; raises RuntimeError when a process of the cluster
        ended."""
        cluster.forget_functions()
        cluster.leave_first()
        begin = time.monotonic() + LEAD_S
        cluster.begin(begin)
        players, records, watch = [], [], None
        try:
            for port, mine in zip(ports, by_gateway(self.events, len(ports))):
                players.append(Player(programs, port, mine, begin, records))
            end = begin + self.scenario.length_ms / 1000 + DRAIN_S
            while not all(one.ended() for one in players) and (
                    time.monotonic() < end):
                time.sleep(0.25)
                if watch is None and time.monotonic() >= begin:
                    watch = machine.Watch(
                        lambda: {**cluster.processes(), **pids(players)}, begin)
                if dead := cluster.dead():
                    raise RuntimeError(
                        f"{', '.join(dead)} ended; see {cluster.folder}")
                if failed := cluster.trouble():
                    raise RuntimeError(failed)
                progress(time.monotonic() - begin, records)
        finally:
            for one in players:
                one.stop()
            self.samples = watch.stop() if watch else []
        for one in players:
            if one.child.returncode != 0:
                raise RuntimeError("lab-player ended with status "
                                   f"{one.child.returncode}")
        return self._complete(records)

    def _complete(self, records):
        """With those that were never answered."""
        seen = {r["id"] for r in records}
        lost = [{"id": n, "at_ms": e.at_ms, "sent_ms": e.at_ms,
                 "latency_ms": -1.0, "queue_ms": 0.0, "service_ms": 0.0,
                 "cold_ms": 0.0, "total_ms": 0.0, "status": 599, "site": "",
                 "call_id": "", "function": e.function, "size": e.size,
                 "bytes": e.bytes, "reply_bytes": e.reply_bytes,
                 "work_ms": e.work_ms}
                for n, e in enumerate(self.events) if n not in seen]
        return sorted(records + lost, key=lambda r: r["id"])


def status_line(at_s, records, events, policy, scenario):
    """Live progress, for people."""
    recent = [r for r in list(records)[-400:] if r["at_ms"] > 1000 * at_s - 3000]
    text = f"{policy}: {len(records)}/{len(events)} answered"
    if recent:
        ok = [r for r in recent if r["status"] == 200]
        if ok:
            mean = sum(r["latency_ms"] for r in ok) / len(ok)
            text += f"; last 3 s: mean {mean:.0f} ms, " + ", ".join(
                f"{s.name} {sum(r['site'] == s.name for r in ok) / len(ok):.0%}"
                for s in scenario.sites)
        if len(ok) < len(recent):
            text += f", {len(recent) - len(ok)} FAILED"
    for site in scenario.sites:
        if site.is_absent(at_s * 1000):
            text += f"; {site.name} absent"
        for kind in ("slowdown", "rtt", "bandwidth"):
            factor = site.factor(kind, at_s * 1000)
            if factor != 1:
                text += f"; {site.name} {kind} x{factor:g}"
    return text
