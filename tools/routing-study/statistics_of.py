"""Means with 95 % intervals (Student's t)."""
import math
import statistics

T_975 = [0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
         2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093,
         2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045]


def interval(values):
    """Mean and half of the width of its interval."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, math.nan
    freedom = len(values) - 1
    t = T_975[freedom] if freedom < len(T_975) else 1.96
    return mean, t * statistics.stdev(values) / math.sqrt(len(values))


def paired(values, others):
    """Of the differences, run by run."""
    return interval([a - b for a, b in zip(values, others, strict=True)])
