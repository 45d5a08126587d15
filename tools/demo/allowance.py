"""Whether a process that is stopped and continued has had its share of CPU."""


class Allowance:
    """Whether a process may run on, by the CPU time that it has used: right on
    average however late one looks. What it did not use is kept for `burst_s` of
    CPU time. Pure."""

    def __init__(self, burst_s):
        self.burst_s = burst_s
        self.left_s = 0.0
        self.seen = None  # (time, CPU time used)

    def allows(self, share, now_s, used_s):
        if self.seen:
            before = self.left_s
            self.left_s += (share * (now_s - self.seen[0])
                            - (used_s - self.seen[1]))
            if before >= 0:  # it might have run
                self.left_s = min(self.left_s, max(before, self.burst_s))
        self.seen = (now_s, used_s)
        return self.left_s >= 0
