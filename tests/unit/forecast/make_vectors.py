#!/usr/bin/env python3
"""Makes reference_vectors.hpp here and *_vectors.hpp in ../routing: what independent
implementations say to the same numbers. Not run by tests or builds.

    python3 -m venv V && V/bin/pip install numpy scipy scikit-learn statsmodels filterpy
    V/bin/python tests/unit/forecast/make_vectors.py
"""
import importlib.metadata
import math
import pathlib

import numpy as np
from filterpy.kalman import ExtendedKalmanFilter, KalmanFilter
from scipy import stats
from sklearn.linear_model import BayesianRidge, RANSACRegressor
from statsmodels.tsa.ar_model import AutoReg

HERE = pathlib.Path(__file__).resolve().parent


def numbers(name, values):
    rows = [f"{float(v)!r}" for v in np.ravel(values)]
    lines, line = [], " "
    for row in rows:
        if len(line) + len(row) + 2 > 78:
            lines.append(line)
            line = " "
        line += f" {row},"
    lines.append(line)
    return (f"inline constexpr double {name}[] = {{\n" + "\n".join(lines)
            + "\n};\n")


def write(path, namespace, used, parts):
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}"
                         for name in used)
    path.write_text(
        "// Made by tests/unit/forecast/make_vectors.py; do not edit.\n"
        f"// {versions}.\n#pragma once\n\n// clang-format off\n"
        f"namespace {namespace} {{\n\n" + "\n".join(parts)
        + f"\n}} // namespace {namespace}\n")


def lines():
    rng = np.random.default_rng(7)
    parts = []
    for name, count, noise, outliers in (("clean", 10, 2.0, 0),
                                         ("outlier", 10, 1.5, 1),
                                         ("many", 60, 5.0, 9),
                                         ("two", 2, 1.0, 0)):
        x = rng.choice(np.arange(1, 180), count, replace=False).astype(float)
        y = 13.6 + 2.3955 * x + noise * rng.standard_normal(count)
        y[:outliers] *= 3.0
        ridge = BayesianRidge().fit(x[:, None], y)
        mean, deviation = ridge.predict([[35.0], [120.0]], return_std=True)
        parts += [numbers(f"{name}_x", x), numbers(f"{name}_y", y),
                  numbers(f"{name}_ridge", [ridge.coef_[0], ridge.intercept_,
                                            mean[0], deviation[0], mean[1],
                                            deviation[1]])]
        sen = stats.theilslopes(y, x, method="joint")
        parts.append(numbers(f"{name}_theil_sen", [sen.slope, sen.intercept]))
        # So many trials that no pair is missed: the best consensus of all.
        if count == 10:
            found = RANSACRegressor(max_trials=20000, stop_probability=1,
                                    random_state=3).fit(x[:, None], y)
            parts.append(numbers(f"{name}_ransac",
                                 [found.estimator_.coef_[0],
                                  found.estimator_.intercept_]))
    return parts


def best_window(series, widest, judged):
    def error(w):
        first = max(1, len(series) - judged)
        return np.mean([abs(series[t] - np.median(series[max(0, t - w):t]))
                        for t in range(first, len(series))])
    errors = [error(w) for w in range(1, widest + 1)]
    return int(np.argmin(errors)) + 1


def series():
    rng = np.random.default_rng(11)
    values, level = [], 20.0
    for _ in range(260):
        level = 20 + 0.9 * (level - 20) + rng.normal(0, 1.0)
        values.append(level + 2.5 * rng.standard_normal()
                      + (40 if rng.random() < 0.05 else 0))
    values = np.round(values, 3)
    parts = [numbers("series", values)]
    for order in (1, 3, 15):
        fit = AutoReg(values, lags=order, trend="c").fit()
        parts.append(numbers(f"ar{order}", list(fit.params)
                             + [fit.forecast(1)[0]]))
    parts.append(numbers("best_windows", [
        best_window(values, 100, 1000), best_window(values[:100], 100, 1000),
        best_window(values, 40, 60)]))
    mean = values[0]
    for value in values[1:]:
        mean = 0.8 * mean + 0.2 * value
    parts.append(numbers("ewma_02", [mean]))
    return parts


def bandit():
    """Ridge regression solved anew each time."""
    rng = np.random.default_rng(5)
    x = np.round(rng.normal(size=(30, 3)), 3)
    reward = np.round(x @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=30), 3)
    probe = np.array([0.3, -0.7, 1.1])
    out = []
    for count in (0, 1, 30):
        a = np.eye(3) + x[:count].T @ x[:count]
        theta = np.linalg.solve(a, x[:count].T @ reward[:count])
        out += [probe @ theta,
                probe @ theta + 1.5 * math.sqrt(probe @ np.linalg.solve(
                    a, probe))]
    return [numbers("bandit_x", x), numbers("bandit_reward", reward),
            numbers("bandit_probe", probe), numbers("bandit_scores", out)]


def network():
    """network_estimator: linear filter, Q grows with time, R with the mean."""
    rng = np.random.default_rng(3)
    prior_rtt, prior_byte, byte_sd = 20.0, 8e-5, 4e-4
    kf = KalmanFilter(dim_x=3, dim_z=1)
    kf.x = np.array([[prior_rtt], [prior_byte], [prior_byte]])
    kf.F = np.eye(3)

    def widened(rtt, up, down):
        both = 0.9 * math.sqrt(up * down)
        return np.array([[rtt, 0, 0], [0, up, both], [0, both, down]])

    kf.P = widened(20.0 ** 2, byte_sd ** 2, byte_sd ** 2)
    rows, last = [], None
    for i in range(72):
        gap_ms = float(rng.integers(20, 900))
        # every fifth one is a keep-alive
        up = 0.0 if i % 5 == 4 else float(rng.integers(20_000, 250_000))
        down = 0.0 if i % 5 == 4 else float(rng.integers(1_000, 400_000))
        y = round(24 + 9e-5 * up + 3e-5 * down + 0.4 * rng.standard_normal(),
                  6)
        if last is None:
            kf.Q = np.zeros((3, 3))
        else:
            seconds = gap_ms / 1000
            scales = [max(kf.x[k, 0], prior_byte) for k in (1, 2)]
            kf.Q = widened(0.2 * seconds,
                           *(0.01 * s ** 2 * seconds for s in scales))
            # the estimator's bounds play no part in this run
            assert kf.P[0, 0] + kf.Q[0, 0] < 20 ** 2 + 30 ** 2
            for k, scale in zip((1, 2), scales):
                assert kf.P[k, k] + kf.Q[k, k] < max(byte_sd, scale) ** 2
        last = i
        kf.predict()
        kf.H = np.array([[1.0, up, down]])
        mean = (kf.H @ kf.x)[0, 0]
        kf.update(np.array([[y]]), R=np.array([[1 + (0.08 * mean) ** 2]]))
        assert min(kf.x[:, 0]) > 0
        rows.append([gap_ms, up, down, y, *kf.x[:, 0], *np.diag(kf.P),
                     kf.P[0, 1], kf.P[0, 2], kf.P[1, 2]])
    return [numbers("network_run", rows)]


def service():
    """function_filter, one function alone on its site: extended filter over
    x = [g + h, k], z = ln S = x0 + ln(a n + b exp(x1))."""
    rng = np.random.default_rng(9)
    slope, intercept = 0.34, 6.0
    kf = ExtendedKalmanFilter(dim_x=2, dim_z=1)
    kf.x = np.zeros((2, 1))
    kf.P = np.diag([0.5 + 0.25, 0.5])
    kf.F = np.eye(2)

    def predicted(x, n):
        return np.array([[x[0, 0] + math.log(slope * n + intercept
                                             * math.exp(x[1, 0]))]])

    def jacobian(x, n):
        fixed = intercept * math.exp(x[1, 0])
        return np.array([[1.0, fixed / (slope * n + fixed)]])

    rows = []
    for i in range(80):
        gap_ms = float(rng.integers(20, 900))
        n = float(rng.integers(1, 200))
        ms = round((1.2 * slope * n + 1.5 * intercept)
                   * math.exp(0.05 * rng.standard_normal()), 6)
        seconds = 0.0 if i == 0 else gap_ms / 1000
        q_k = min(kf.P[1, 1] + 2e-3 * seconds, 0.5) - kf.P[1, 1]
        kf.Q = np.diag([1e-4 + 1e-3 * 1.25 * seconds, max(q_k, 0.0)])
        kf.predict()
        log_ms = predicted(kf.x, n)[0, 0]
        noise = 0.03 + min((0.2 / math.exp(log_ms)) ** 2, 4.0)
        kf.update(np.array([[math.log(ms)]]), jacobian, predicted,
                  R=np.array([[noise]]), args=n, hx_args=n)
        # what it believes of an event of 50
        h = jacobian(kf.x, 50.0)
        rows.append([gap_ms, n, ms, kf.x[1, 0], predicted(kf.x, 50.0)[0, 0],
                     (h @ kf.P @ h.T)[0, 0]])
    return [numbers("service_run", rows)]


if __name__ == "__main__":
    write(HERE / "reference_vectors.hpp", "faas::forecast::reference",
          ("numpy", "scipy", "scikit-learn", "statsmodels"),
          lines() + series() + bandit())
    for name, rows in (("network", network()), ("service", service())):
        write(HERE.parent / "routing" / f"{name}_vectors.hpp",
              "faas::routing::reference", ("numpy", "filterpy"), rows)
