"""Worlds drawn at random: for a look at what nothing was fitted to."""
import random


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
