"""Plot of the experiment: totals over the oracle, and errors as they fall."""
from lab.plot import (LEFT, RIGHT, WIDTH, Scale, colour, document, even_ticks,
                      legend, line, path, rect, text)


def smooth(values, width=15):
    return [sum(values[max(0, i - width + 1):i + 1])
            / len(values[max(0, i - width + 1):i + 1])
            for i in range(len(values))]


def bars(rows, top):
    x = Scale(0, max(r["over_oracle"] for r in rows) * 1.1, LEFT + 90,
              WIDTH - RIGHT)
    parts = [text(LEFT - 60, top, "Total over the oracle's (bar), exact choices"
                  " (number)", 14, bold=True)]
    at = top + 16
    for row in rows:
        ran = "measured_s" in row
        parts += [text(LEFT + 82, at + 13, row["name"], 12, "end"),
                  rect(x(0), at, x(row["over_oracle"]) - x(0), 18,
                       colour(1 if ran else 0), 0.85),
                  text(x(row["over_oracle"]) + 6, at + 13,
                       f"{row['over_oracle']:.2f}, {row['exact']:.0%}", 11)]
        at += 24
    parts.append(line(x(1), top + 12, x(1), at, "#333", 1, "4,3"))
    return parts, at


def errors(series, top, height=210):
    bottom = top + height
    count = max(len(v) for v in series.values())
    x = Scale(0, count, LEFT, WIDTH - RIGHT)
    y = Scale(0, 1, bottom, top + 24)
    parts = [text(LEFT - 60, top, "Relative error of the predictions at the "
                  "chosen site, mean of the last 15 batches", 14, bold=True)]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts += [line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#e4e4e4"),
                  text(LEFT - 8, y(tick) + 4, f"{tick:.0%}", 11, "end")]
    for tick in even_ticks(count):
        parts.append(text(x(tick), bottom + 15, f"{tick:g}", 11, "middle"))
    for number, values in enumerate(series.values()):
        parts.append(path([(x(i), y(v)) for i, v in enumerate(smooth(values))],
                          colour(number)))
    parts += legend(list(series), bottom + 36)
    return parts, bottom + 46


def plot(found):
    first, at = bars(found["rows"], 24)
    second, end = errors(found["errors"], at + 34)
    return document(end, first + second, "STOIC live")
