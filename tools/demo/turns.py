"""Policies that take turns. A shared machine is now fast and now slow, by half
and more, for seconds at a time: policies that play one after the other would be
compared by luck. So each plays a short block of its schedule, then the next."""
import itertools


def blocks(seconds, first, length):
    """Cuts [0, seconds) into a first block and blocks of about `length`:
    (begin, end) each."""
    first = min(first, seconds)
    count = max(1, round((seconds - first) / length)) if seconds > first else 0
    ends = [first] + [first + (seconds - first) * (i + 1) / count
                      for i in range(count)]
    return list(zip([0.0] + ends, ends))


def order(names, number):
    """Whose turn it is in block `number`: forwards, then backwards (ABBA), so
    that a drift of the machine falls on all alike."""
    return list(names) if number % 2 == 0 else list(reversed(names))


def play(players, schedules, cuts, base, drain_s, progress):
    """Plays the schedules (function -> events) in turns by block. Nothing is
    in flight when the turn changes; a policy that plays alone is not
    interrupted."""
    if len(players) == 1:
        cuts = [(0.0, cuts[-1][1])]
    for number, (begin, end) in enumerate(cuts):
        for name in order(players, number):
            part = list(itertools.takewhile(
                lambda e: e.at < end, itertools.dropwhile(
                    lambda e: e.at < begin, schedules[name])))
            players[name].play(part, name, begin, base,
                               lambda p, name=name: progress(name, p))
            if len(players) > 1:
                players[name].drain(drain_s)
