"""Plots as SVG, by hand. Pure."""
import html
import math

# Okabe and Ito: also for those who see colours otherwise.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
           "#8c6d31", "#555555"]
LEFT, RIGHT, GAP = 78, 18, 36
WIDTH = 980
NICE = [1, 2, 5]


def colour(number):
    return COLOURS[number % len(COLOURS)]


def text(x, y, words, size=12, anchor="start", fill="#222", bold=False):
    weight = ' font-weight="bold"' if bold else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'text-anchor="{anchor}" fill="{fill}"{weight}>'
            f"{html.escape(words)}</text>")


def line(x1, y1, x2, y2, stroke="#ccc", width=1.0, dash=""):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{stroke}" stroke-width="{width}"{dashes}/>')


def rect(x, y, width, height, fill, opacity=1.0):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
            f'height="{max(height, 0):.1f}" fill="{fill}" '
            f'fill-opacity="{opacity}"/>')


def path(points, stroke, width=1.6, dash="", fill="none", opacity=1.0):
    if not points:
        return ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    to = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    shape = "polygon" if fill != "none" else "polyline"
    return (f'<{shape} points="{to}" fill="{fill}" fill-opacity="{opacity}" '
            f'stroke="{stroke}" stroke-width="{width}"{dashes}/>')


def document(height, parts, title):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'font-family="sans-serif"><title>{html.escape(title)}</title>'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>\n'
            + "\n".join(part for part in parts if part) + "\n</svg>\n")


def log_ticks(low, high):
    """1, 2, 5 times powers of ten within; every power only when they are
    many."""
    all_of = [n * 10.0 ** e for e in range(math.floor(math.log10(low)),
                                           math.ceil(math.log10(high)) + 1)
              for n in NICE]
    found = [t for t in all_of if low <= t <= high]
    if len(found) > 9:
        found = [t for t in found if abs(math.log10(t) % 1) < 1e-9]
    return found


def even_ticks(high, most=8):
    """0, and steps of 1, 2 or 5 times a power of ten up to `high`."""
    if high <= 0:
        return [0.0]
    step = 10.0 ** math.floor(math.log10(high / most))
    while high / step > most:
        step *= 2 if str(step).lstrip("0.")[0] in "15" else 2.5
    return [round(i * step, 9) for i in range(int(high / step + 1e-9) + 1)]


class Scale:
    """From values to pixels; `log` for a logarithmic one."""

    def __init__(self, low, high, begin, end, log=False):
        self.log = log
        self.low, self.high = low, high
        self.begin, self.end = begin, end

    def __call__(self, value):
        value = min(max(value, self.low), self.high)
        if self.log:
            share = (math.log(value / self.low)
                     / math.log(self.high / self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def lanes(spans_by_site, x, y, sites):
    """Disturbances, a lane per site that has some; (parts, height)."""
    parts, height = [], 0.0
    for number, site in enumerate(sites):
        spans = spans_by_site.get(site, [])
        if not spans:
            continue
        parts.append(text(LEFT - 8, y + height + 12, site, 11, "end",
                          colour(number)))
        for begin, end, words in spans:
            left, width = x(begin / 1000), x(end / 1000) - x(begin / 1000)
            parts.append(rect(left, y + height, width, 16, colour(number),
                              0.25))
            fits = width > 5.6 * len(words)
            parts.append(text(left + 4 if fits else left + width + 4,
                              y + height + 12, words, 10))
        height += 20
    return parts, height


def shade(spans_by_site, x, top, bottom):
    parts = []
    for spans in spans_by_site.values():
        for begin, end, _ in spans:
            parts.append(rect(x(begin / 1000), top,
                              x(end / 1000) - x(begin / 1000), bottom - top,
                              "#000", 0.05))
            parts.append(line(x(begin / 1000), top, x(begin / 1000), bottom,
                              "#999", 1, "3,3"))
    return parts


def time_axis(x, seconds, top, bottom, words=True):
    parts = []
    for tick in even_ticks(seconds):
        parts.append(line(x(tick), top, x(tick), bottom, "#eee"))
        if words:
            parts.append(text(x(tick), bottom + 14, f"{tick:g} s", 11,
                              "middle"))
    return parts


def legend(names, y, begin=LEFT, dashes=()):
    parts, at = [], begin
    for number, name in enumerate(names):
        dash = dashes[number] if number < len(dashes) else ""
        parts.append(line(at, y - 4, at + 22, y - 4, colour(number), 3, dash))
        parts.append(text(at + 27, y, name, 12))
        at += 44 + 7.2 * len(name)
    return parts
