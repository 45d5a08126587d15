"""The four sites as faas-lab plays them: what its cluster is told. Pure but for
`tell`. Milliseconds of the lab; one is SCALE of the paper."""
from lab import emulation
from lab.scenario import Scenario, Site
from stoic_live import laws

SCALE = 50.0
FUNCTION = "classify"
RTT_MS = 0.4       # 20 ms of the paper
KEEP_MS = 3_600e3  # nothing leaves by itself: it is told to
# One batch at a time needs one. With more to spare the controller has no reason
# to hold the function on further nodes.
SERVERS = 64


def lab_ms(seconds):
    return seconds * 1000 / SCALE


def paper_s(ms):
    return ms * SCALE / 1000


def image_bytes():
    """So many that the real link rate makes the scaled time of an image."""
    return round(laws.IMAGE_MB * 1e6 / SCALE)


def site(name):
    near = name == "edge"
    return Site(name, {"edge": "edge", "cpu": "cloud"}.get(name, "gpu"), SERVERS, 1.0,
                0.0 if near else RTT_MS, 0.0, 0.0 if near else laws.LINK_MBIT,
                0.0, KEEP_MS, 0.0, {})


def scenario():
    return Scenario("stoic-live", "stoic-live", 0, 0,
                    [site(name) for name in laws.SITES],
                    [{"name": FUNCTION}])


def site_text(batch, name, warm=False):
    """The next load of the function and its work; an event's own work is 1."""
    broken = name in batch.broken
    cold = 0 if warm else lab_ms(batch.deploy_s[name])
    return (f"begin_ns 0\nslowdown {lab_ms(batch.process_s[name]):.6f}\n"
            f"cold_ms {cold:.6f}\nbroken {int(broken)}\n")


def link_lines(thin):
    """For the link emulator: the rate from now on. A node dials the gateway:
    the way to the site is `back`."""
    return f"0 mbit-back {laws.LINK_MBIT * thin:.6f}\n"


def texts(batch, warm=False):
    return {name: site_text(batch, name, warm) for name in laws.SITES}


def tell(cluster, batch, warm=False):
    """Sites learn what the next batch takes, before it is sent."""
    for name, text in texts(batch, warm).items():
        emulation.replace(cluster.folder / (name + ".site"), text)
