#!/usr/bin/python3
"""Holds one core at a steady speed for a control group with a CPU quota.

    steady_core.py CPU --best                 prints the shortest spin, ns
    steady_core.py CPU GROUP BEST_NS SHARE    runs; stdin: a new SHARE per line

A virtual core does the same work in 1x or 1.7x the time, for seconds at a time,
as its neighbours on the host please. A node that is to be a machine of its own
must not: here the quota follows the speed, which a short spin measures each few
milliseconds, so that the group gets SHARE of what the core does at its best. A
share above what the core gives at the moment means no limit.

Runs with real-time priority on that core, for two reasons: its spin is not
interrupted by the group, and the kernel charges a quota when something else is
scheduled (or at its tick, each 4 ms at 250 Hz, so that short jobs would run at
full speed): this wakes up each half ms.
"""
import os
import select
import sys
import time

TICK_S = 0.0005
TICKS_PER_SPIN = 4
SPINS = 7           # the median of so many counts
QUOTA_US = 1000     # the least that the kernel takes
LEAST_CHANGE = 0.04
CHANGE_TICKS = 60   # a new quota begins a new period: not too often
BEST_S = 3.0


def spin():
    begin = time.perf_counter_ns()
    for _ in range(500):
        pass
    return time.perf_counter_ns() - begin


def best(seconds=BEST_S):
    """The speed that the core has at its best: the shortest spins, but for
    those that a clock's hiccup made shorter still."""
    end = time.monotonic() + seconds
    seen = []
    while time.monotonic() < end:
        seen.append(spin())
        time.sleep(0.0005)
    seen.sort()
    return seen[len(seen) // 50]


def period_us(share, slowness):
    """Period for a quota of QUOTA_US; None: no limit. slowness: time of a spin
    over the best. Pure."""
    wanted = share * slowness
    return None if wanted >= 0.97 else max(1000, round(QUOTA_US / wanted))


class Quota:
    def __init__(self, group):
        self.quota = os.open(f"{group}/cpu.cfs_quota_us", os.O_WRONLY)
        self.period = os.open(f"{group}/cpu.cfs_period_us", os.O_WRONLY)
        self.now = 0

    def set(self, period):
        """True when it changed."""
        if period == self.now or (
                period and self.now
                and abs(period - self.now) < LEAST_CHANGE * self.now):
            return False
        self.now = period
        os.pwrite(self.quota, b"-1", 0)
        if period:
            os.pwrite(self.period, b"%d" % period, 0)
            os.pwrite(self.quota, b"%d" % QUOTA_US, 0)
        return True


def hold(group, best_ns, share):
    quota = Quota(group)
    recent = [best_ns]
    commands = select.poll()
    commands.register(0, select.POLLIN | select.POLLHUP)
    tick = changed = 0
    while True:
        time.sleep(TICK_S)
        tick += 1
        if tick % TICKS_PER_SPIN:
            continue
        if tick % 40 == 0 and commands.poll(0):
            text = os.read(0, 100)
            if not text:
                return
            share = float(text.split()[-1])
            changed = 0
        recent = (recent + [min(spin(), spin())])[-SPINS:]
        slowness = max(1.0, sorted(recent)[len(recent) // 2] / best_ns)
        if tick - changed >= CHANGE_TICKS or not changed:
            if quota.set(period_us(share, slowness)):
                changed = tick


def main():
    os.sched_setaffinity(0, {int(sys.argv[1])})
    if sys.argv[2] == "--best":
        print(best())
    else:
        hold(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))


if __name__ == "__main__":
    main()
