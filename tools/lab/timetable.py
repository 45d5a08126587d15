"""Things that are done at their times, from a thread."""
import threading
import time

POLL_S = 0.02    # while something is waited for
LONGEST_S = 60.0


class Timetable:
    """`steps`: (ms since `begin`, function), by time; `begin` by
    time.monotonic(). `poll()` looks at what earlier steps have begun; true: it
    is to be called again soon. `ending`: an event; once it is set nothing more
    is done.

    The thread stays until `release`, for processes that a thread has started
    end with that thread (PR_SET_PDEATHSIG)."""

    def __init__(self, begin, steps, poll, ending):
        self.begin, self.steps, self.poll = begin, steps, poll
        self.ending = ending
        self.failed = None  # why it has stopped, for people
        self.released = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            for at_ms, do in self.steps:
                if not self._wait(self.begin + at_ms / 1000):
                    break
                do()
            self._wait(float("inf"))
        except Exception as failed:  # told by the thread that plays
            if not self.ending.is_set():
                self.failed = str(failed) or repr(failed)
        self.released.wait()

    def _wait(self, when):
        """False: it is ending."""
        while not self.ending.is_set():
            soon = self.poll()
            left = when - time.monotonic()
            if left <= 0:
                return True
            self.ending.wait(min(left, POLL_S if soon else LONGEST_S))
        return False

    def release(self, seconds=15):
        self.ending.set()
        self.released.set()
        self.thread.join(seconds)
