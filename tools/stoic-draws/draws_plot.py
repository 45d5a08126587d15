"""Plot of the draws: by way, each draw's total over the informed policy's, and
the mean of all with its interval. Pure."""
from lab.plot import RIGHT, WIDTH, Scale, colour, document, line, rect, text

NAMES, ROW, TOP = 250, 34, 66
BOUND = 2  # per cent over the informed policy: what is aimed at


def dots(ratios, x, middle):
    """A dot per draw, moved up and down by its number so that few hide others."""
    half = ROW / 2 - 6
    return [f'<circle cx="{x(100 * (ratio - 1)):.1f}" '
            f'cy="{middle + half * ((7 * i) % 11 - 5) / 5:.1f}" r="2.2" '
            f'fill="{colour(0)}" fill-opacity="0.35"/>'
            for i, ratio in enumerate(ratios)]


def mean_mark(pair, x, middle):
    mean, half = 100 * (pair[0] - 1), 100 * pair[1]
    return [rect(x(mean - half), middle - 9, x(mean + half) - x(mean - half),
                 18, colour(1), 0.45),
            line(x(mean), middle - 11, x(mean), middle + 11, colour(1), 2.4)]


def plot(found):
    """`found`: as stoic-draws.json."""
    rows = found["rows"]
    values = [100 * (ratio - 1) for row in rows.values()
              for ratio in row["ratios"]]
    low, high = min(0, *values), max(BOUND, *values)
    x = Scale(low - 1, high + 1, NAMES, WIDTH - RIGHT)
    bottom = TOP + ROW * len(rows)
    parts = [text(20, 24, "Total over the informed policy's, %: a dot per draw "
                  f"({found['count']}), mean with its 95 % interval", 14,
                  bold=True),
             rect(x(low - 1), TOP, x(BOUND) - x(low - 1), bottom - TOP,
                  colour(2), 0.08),
             text(x(BOUND) + 4, TOP - 6, f"aim: at most {BOUND} % in the mean",
                  11, fill=colour(2))]
    step = 5 if high - low < 60 else 20
    for tick in range(int(low // step) * step, int(high) + step, step):
        if low - 1 <= tick <= high + 1:
            parts += [line(x(tick), TOP, x(tick), bottom,
                           "#555" if tick == 0 else "#e4e4e4"),
                      text(x(tick), bottom + 16, f"{tick:+d}" if tick else "0",
                           11, "middle")]
    for number, (name, row) in enumerate(rows.items()):
        middle = TOP + ROW * (number + 0.5)
        parts.append(text(NAMES - 10, middle + 4, name, 12, "end",
                          bold=number == 0))
        parts += dots(row["ratios"], x, middle)
        parts += mean_mark(row["over_informed"], x, middle)
    return document(bottom + 26, parts, "STOIC's batches, many draws")
