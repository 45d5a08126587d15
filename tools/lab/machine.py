"""What the machine is and how busy it was: facts that say whether figures of a
run are worth anything."""
import os
import pathlib
import platform
import threading
import time

from revision import revision

TICK = os.sysconf("SC_CLK_TCK")
SATURATED = 0.85


def facts(root):
    model = next((line.split(":", 1)[1].strip()
                  for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), "?")
    return {"cpu": model, "cores": os.cpu_count(), "os": platform.platform(),
            "load_average": os.getloadavg(), "at": time.strftime("%F %T"),
            "revision": revision(root)}


def busy_ticks():
    """(busy, all) of the whole machine, in ticks of all cores."""
    with open("/proc/stat") as stat:
        numbers = [int(word) for word in stat.readline().split()[1:9]]
    idle = numbers[3] + numbers[4]
    return sum(numbers) - idle, sum(numbers)


def process_ticks(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    words = text.rsplit(")", 1)[1].split()
    return int(words[11]) + int(words[12])


def used(before, now):
    """Ticks between two readings, name -> (pid, ticks). A process that ended
    meanwhile used none that is known; of a new one all are."""
    return {name: max(0, ticks - (before[name][1] if name in before
                                  and before[name][0] == pid else 0))
            for name, (pid, ticks) in now.items()}


class Watch:
    """Samples each second from its start to its stop, in a thread.
    `processes()`: name -> pid, which may be another one the next time."""

    def __init__(self, processes, begin):
        self.processes = processes
        self.begin = begin  # time.monotonic()
        self.samples = []   # {"at_s", "machine", "cores": {name: cores}}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _read(self):
        return (time.monotonic(), busy_ticks(),
                {name: (pid, process_ticks(pid))
                 for name, pid in self.processes().items()})

    def _run(self):
        before = self._read()
        while not self.ended.wait(1.0):
            now = self._read()
            seconds = now[0] - before[0]
            whole = max(1, now[1][1] - before[1][1])
            self.samples.append({
                "at_s": round(now[0] - self.begin, 3),
                "machine": round((now[1][0] - before[1][0]) / whole, 4),
                "cores": {name: round(ticks / TICK / seconds, 4)
                          for name, ticks in used(before[2],
                                                  now[2]).items()}})
            before = now

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.samples


def usage(samples, cores):
    """Means over the samples; None when there are none."""
    if not samples:
        return None
    names = {name for s in samples for name in s["cores"]}
    own = {name: sum(s["cores"].get(name, 0) for s in samples) / len(samples)
           for name in names}
    machine = sum(s["machine"] for s in samples) / len(samples)
    full = sum(s["machine"] >= 0.97 for s in samples) / len(samples)
    return {"machine": machine, "own_cores": own,
            "own": sum(own.values()) / cores,
            "others": max(0.0, machine - sum(own.values()) / cores),
            "seconds_full": full,
            "saturated": machine > SATURATED or full > 0.1}
