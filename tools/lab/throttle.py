"""Work that uses the CPU (--service cpu): how much of it is a millisecond, and
which core each site has."""
import os
import subprocess
import sys

from lab import emulation
from lab.common import best_spin_ns


class Throttle:
    """`unit`: cores of a server of slow-down 1; a ms of work takes that share of
    a ms of a whole core."""

    def __init__(self, programs, sites):
        self.cores = sorted(os.sched_getaffinity(0))
        self.unit = emulation.cores_per_server(sites, len(self.cores))
        self.best_ns = best_spin_ns()
        self.loops_per_ms = self.unit * loops_per_ms(programs)

    def core(self, number):
        return self.cores[number % len(self.cores)]


def loops_per_ms(programs):
    """Asked in another process: this one goes on without the library."""
    code = ("import ctypes, sys; f = ctypes.CDLL(sys.argv[1]).lab_loops_per_ms;"
            " f.restype = ctypes.c_double; print(f())")
    done = subprocess.run([sys.executable, "-c", code,
                           str(programs / "lab-service.so")],
                          capture_output=True, text=True, check=True)
    return float(done.stdout)
