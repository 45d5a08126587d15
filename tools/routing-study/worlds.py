"""Worlds drawn at random: for a look at what nothing was fitted to."""
import math
import random
import re


def draw(seed):
    """Text of a scenario file."""
    rng = random.Random(seed)
    length = 160
    count = rng.randint(2, 8)
    lines = [f"# World {seed}, drawn at random by tools/routing-study/worlds.py",
             f"name: world {seed}", f"length: {length}s", "warm_up: 20s",
             "probe_every: 500ms", f"gateways: {rng.choice([1, 1, 1, 2, 3])}",
             "sites:"]
    gateways = int(lines[5].split()[1])
    unit, fixed = rng.uniform(1, 12), rng.uniform(1, 12)
    size_sigma = rng.uniform(0, 0.9)
    work = unit + fixed
    capacity = 0
    for site in range(count):
        slow = 2 ** rng.uniform(-1, 2.5)
        servers = rng.choice([1, 2, 2, 4, 8])
        capacity += servers * 1000 / (work * slow)
        lines += [f"  site-{site}:", f"    tier: {rng.choice(['a', 'b', 'c'])}",
                  f"    servers: {servers}", f"    slowdown: {slow:.3f}",
                  f"    rtt: {2 ** rng.uniform(0, 6.5):.2f}ms",
                  f"    jitter: {rng.uniform(0.1, 3):.2f}ms",
                  f"    mbit: {2 ** rng.uniform(5, 9):.0f}"]
        if rng.random() < 0.2:
            lines += [f"    cold: {rng.uniform(100, 2000):.0f}ms",
                      f"    keep: {rng.uniform(5, 60):.0f}s"]
        if rng.random() < 0.15:
            lines += [f"    loss: {rng.uniform(0.002, 0.03):.4f}"]
        lines += disturbances(rng, length)
        if site > 0 and rng.random() < 0.15:
            begin = rng.uniform(30, 110)
            lines += ["    absent:",
                      f"      - {{from: {begin:.1f}s, until: "
                      f"{begin + rng.uniform(5, 30):.1f}s, crash: "
                      f"{rng.choice(['true', 'false'])}}}"]
    lines += ["functions:", "  f:",
              f"    size: {{law: log_normal, mean: 1, sigma: {size_sigma:.2f}}}",
              f"    ms_per_unit: {unit:.2f}", f"    ms_fixed: {fixed:.2f}",
              f"    bytes_per_unit: {10 ** rng.uniform(3, 5.3):.0f}",
              f"    noise: {rng.uniform(0.05, 0.35):.2f}",
              f"    outlier_share: {rng.choice([0, 0.005, 0.01, 0.02])}",
              f"    outlier_factor: {rng.uniform(3, 8):.1f}", "events:"]
    # The slowest moment of all sites together must still be bearable.
    rate = min(capacity * rng.uniform(0.15, 0.6), 400)
    for gateway in range(gateways):
        kind = rng.choice(["poisson", "poisson", "daily", "on_off"])
        own = rate / gateways
        more = {"poisson": "", "daily": ", swing: 0.6, day: 80s",
                "on_off": f", quiet_rate: {own * 0.3:.2f}, busy: 6s, quiet: 8s"}
        lines.append(f"  - {{function: f, gateway: {gateway}, kind: {kind}, "
                     f"rate: {own:.2f}{more[kind]}}}")
    return "\n".join(lines) + "\n"


def disturbances(rng, length):
    kind = rng.random()
    if kind < 0.45:
        return []
    if kind < 0.55: # of a CPU quota
        period = rng.uniform(50, 200)
        return [f"    repeat: {period:.0f}ms", "    disturbances:",
                "      - {from: 0ms, slowdown: 0.7}",
                f"      - {{from: {period * rng.uniform(0.4, 0.7):.0f}ms, "
                f"slowdown: 20}}"]
    if kind < 0.65: # slow drift
        steps = [rng.uniform(0.6, 1.8) for _ in range(20)]
        return ["    repeat: 60s", "    disturbances:"] + [
            f"      - {{from: {3 * i}s, slowdown: {step:.2f}}}"
            for i, step in enumerate(steps)]
    begin = rng.uniform(25, length - 60)
    key, factor = rng.choice([("slowdown", rng.uniform(1.5, 5)),
                              ("rtt", rng.uniform(1.5, 6)),
                              ("bandwidth", rng.uniform(0.1, 0.6))])
    return ["    disturbances:",
            f"      - {{from: {begin:.1f}s, {key}: {factor:.2f}}}",
            f"      - {{from: {begin + rng.uniform(8, 40):.1f}s, {key}: 1}}"]


def load(text):
    """Events over what all sites together can take, through their links and on
    their servers, in a text that draw() has made: (mean, most in a second, as
    expected), without the warm-up. Over 1 events wait for longer and longer,
    wherever they are sent."""
    value = _values(text)
    work = (value["ms_per_unit"] + value["ms_fixed"]) * (
        1 + value["outlier_share"] * (value["outlier_factor"] - 1))
    sites = re.findall(r"^  site-\d+:\n((?:    .*\n)+)", text, re.M)
    come, can, most = 0, 0, 0
    for second in range(round(value["warm_up"]), round(value["length"])):
        capacity = sum(_capacity(site, second, work, value["bytes_per_unit"])
                       for site in sites)
        mean, high = _rate(text, second)
        come, can = come + mean, can + capacity
        most = max(most, high / capacity)
    return come / can, most


def _values(text):
    """The numbers of its lines, in the units that they have there."""
    return {key: float(number) for key, number in re.findall(
        r"^ *(\w+): ([\d.]+)[a-z]*$", text, re.M)}


def _capacity(site, second, work, size):
    """Events a second that this site can take then."""
    for begin, until in re.findall(r"from: ([\d.]+)s, until: ([\d.]+)s", site):
        if float(begin) <= second < float(until):
            return 0
    value = _values(site)
    steps = [(float(at) / (1000 if unit == "ms" else 1), key, float(factor))
             for at, unit, key, factor in re.findall(
                 r"from: ([\d.]+)(ms|s), (\w+): ([\d.]+)", site)]
    unit = re.search(r"repeat: [\d.]+(ms|s)", site)
    period = value.get("repeat", 0) / (1000 if unit and unit[1] == "ms" else 1)
    if 0 < period < 1:  # a quota: what is left of it in the mean
        ends = [at for at, _, _ in steps[1:]] + [period]
        speed = sum((end - at) / factor for (at, _, factor), end
                    in zip(steps, ends)) / period
        steps = []
    else:
        speed = 1
    now = {"slowdown": 1, "bandwidth": 1}
    for at, key, factor in steps:
        if at <= (second % period if period else second):
            now[key] = factor
    served = value["servers"] * 1000 * speed / (
        work * value["slowdown"] * now["slowdown"])
    carried = value["mbit"] * 1e6 / 8 * now["bandwidth"] / size
    return min(served, carried)


def _rate(text, second):
    """Events a second of all gateways then: mean, and while they are busy."""
    mean = high = 0
    for kind, words in re.findall(r"kind: (\w+), (.*)}", text):
        value = {key: float(number) for key, number in re.findall(
            r"(\w+): ([\d.]+)", words)}
        rate = now = value["rate"]
        if kind == "daily":
            rate = now = rate * (1 + value["swing"] * math.sin(
                2 * math.pi * second / value["day"]))
        elif kind == "on_off":
            now = (rate * value["busy"] + value["quiet_rate"] * value["quiet"]
                   ) / (value["busy"] + value["quiet"])
        mean, high = mean + now, high + rate
    return mean, high
