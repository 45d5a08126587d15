"""What lab and demo share: processes, limits of their CPU, turns. The demo's
modules stand beside its own main module, `demo`, so they are no package."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "demo"))
import turns  # noqa: E402
from cluster import (CpuLimit, Process, best_spin_ns,  # noqa: E402
                     die_with_parent, free_port, wait_until)

__all__ = ["CpuLimit", "Process", "best_spin_ns", "die_with_parent",
           "free_port", "turns", "wait_until"]
