"""Pictures of the routing study, as SVG."""
import math

from simulator import REFERENCES

INK, PALE = "#222", "#999"
COLOURS = ["#0b6e4f", "#c1121f", "#1d4e89", "#e09f3e", "#7b2d8b", "#6c757d"]


class Picture:
    def __init__(self, width, height):
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{width}" height="{height}" fill="white"/>']

    def text(self, x, y, words, anchor="start", fill=INK, size=12, bold=False):
        words = (str(words).replace("&", "&amp;").replace("<", "&lt;"))
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor='
                          f'"{anchor}" fill="{fill}" font-size="{size}"'
                          f'{weight}>{words}</text>')

    def line(self, x1, y1, x2, y2, colour=PALE, width=1, dash=""):
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"{dash}/>')

    def box(self, x, y, width, height, fill, opacity=1):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" fill="{fill}" '
                          f'fill-opacity="{opacity}"/>')

    def path(self, points, colour, width=1.6):
        data = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{data}" fill="none" stroke='
                          f'"{colour}" stroke-width="{width}" '
                          'stroke-linejoin="round"/>')

    def dot(self, x, y, colour, radius=4):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" '
                          f'fill="{colour}"/>')

    def done(self):
        return "\n".join(self.parts + ["</svg>"]) + "\n"


def short(policy):
    return policy.split(":")[0]


def shade(ratio):
    """Green at 1, yellow at 2, red from 10 on."""
    at = min(max(math.log(max(ratio, 1)) / math.log(10), 0), 1)
    red, green = (int(200 + 40 * min(2 * at, 1)),
                  int(225 - 110 * max(0, at - 0.15)))
    return f"rgb({red},{green},{int(190 - 60 * at)})"


def heat_map(study):
    """Mean regret by scenario and policy; the colour is relative to the best."""
    table = study["evaluation"]["scenarios"]
    policies = study["shown"][1:]
    left, top, cell, high = 150, 130, 66, 26
    picture = Picture(left + cell * len(policies) + 20,
                      top + high * len(table) + 40)
    picture.text(10, 22, "Mean regret, ms, by scenario", size=15, bold=True)
    picture.text(10, 42, "Beyond the choice of the myopic clairvoyant. Green: "
                 "the best learned policy of the row; red: ten times that. "
                 f"Means of {study['seeds']} seeds.")
    for i, policy in enumerate(policies):
        x = left + cell * i + cell / 2
        tuned = policy != short(policy) and short(policy) == "min-latency"
        picture.parts.append(
            f'<text transform="translate({x:.0f},{top - 8}) rotate(-40)" '
            f'fill="{INK}">{short(policy)}{", tuned" if tuned else ""}</text>')
    learned = [policy for policy in policies if policy not in REFERENCES]
    for row, (name, of) in enumerate(sorted(table.items())):
        y = top + high * row
        picture.text(left - 8, y + 17, name, "end")
        best = min(of[policy]["regret_ms"][0] for policy in learned)
        for i, policy in enumerate(policies):
            value = of[policy]["regret_ms"][0]
            x = left + cell * i
            fill = "#eee" if policy in REFERENCES else shade(
                value / max(best, 0.01))
            picture.box(x, y, cell - 2, high - 2, fill)
            words = f"{value:.1f}" if value < 1000 else "> 1000"
            picture.text(x + cell / 2 - 1, y + 17, words, "middle")
    return picture.done()


def bars(study, key, title, note):
    """A bar with its interval for each policy, best first, log scale."""
    rows = sorted((row for row in study["evaluation"]["rows"]
                   if row["policy"] != "clairvoyant"),
                  key=lambda row: row[key][0])
    left, top, high, width = 170, 66, 24, 560
    low = min(row[key][0] for row in rows) * 0.7
    most = max(row[key][0] for row in rows) * 1.3
    at = lambda v: left + width * math.log(max(v, low) / low) / math.log(
        most / low)
    picture = Picture(left + width + 110, top + high * len(rows) + 40)
    picture.text(10, 22, title, size=15, bold=True)
    picture.text(10, 42, note)
    for i, row in enumerate(rows):
        y = top + high * i
        mean, half = row[key]
        name = row["policy"]
        ours = short(name) == "min-latency"
        label = short(name) + (", tuned" if ours and name != "min-latency"
                               else "")
        picture.text(left - 8, y + 15, label, "end", bold=ours)
        fill = (COLOURS[0] if ours else
                "#bbb" if name in REFERENCES else COLOURS[2])
        picture.box(left, y + 3, at(mean) - left, high - 8, fill, 0.85)
        picture.line(at(mean - half), y + high / 2 - 1, at(mean + half),
                     y + high / 2 - 1, INK, 1.5)
        picture.text(max(at(mean + half), at(mean)) + 6, y + 15,
                     f"{mean:.1f} ± {half:.1f}")
    return picture.done()


def course(study, policies):
    """Mean latency over time in the scenario with steps."""
    left, top, width, high = 60, 80, 820, 300
    changes = [0] + study["changes_ms"]
    windows = {policy: study["course"][policy]["latency_ms"]
               for policy in policies}
    count = len(next(iter(windows.values())))
    most = 160
    picture = Picture(left + width + 30, top + high + 60)
    picture.text(10, 22, "Steps: mean latency by second of sending", size=15,
                 bold=True)
    x = lambda second: left + width * second / count
    y = lambda ms: top + high - high * min(ms, most) / most
    for begin, end, words in ((50, 80, "edge x3"), (110, 140, "cloud +80 ms"),
                              (160, 180, "cloud 1/5 bandwidth")):
        picture.box(x(begin), top, x(end) - x(begin), high, "#f4e8d0")
        picture.text(x(begin) + 4, top + 14, words, fill="#8a6d3b")
    for ms in range(0, most + 1, 40):
        picture.line(left, y(ms), left + width, y(ms), "#ddd")
        picture.text(left - 8, y(ms) + 4, ms, "end")
    for second in range(0, count + 1, 20):
        picture.text(x(second), top + high + 18, f"{second} s", "middle")
    for i, policy in enumerate(policies):
        colour = COLOURS[i % len(COLOURS)]
        values = windows[policy]
        picture.path([(x(s + 0.5), y(v)) for s, v in enumerate(values)
                      if s >= 20], colour, 2.2 if i == 0 else 1.3)
        picture.line(20 + 150 * i, 52, 44 + 150 * i, 52, colour, 3)
        picture.text(50 + 150 * i, 56, short(policy))
    picture.text(10, top + high + 44, f"Mean over {study['seeds']} seeds; ms; "
                 f"above {most} ms cut off.", fill=PALE)
    assert len(changes) > 1
    return picture.done()


def ablation(study):
    """What each part is worth: regret without it over regret with it."""
    rows = [row for row in study["ablation"]["rows"]
            if row["policy"] != "min-latency"]
    rows.sort(key=lambda row: -row["mean_ms_over_ours"][0])
    left, top, high, width = 150, 70, 26, 520
    least, most = 0.05, max(max(row["mean_ms_over_ours"][0] for row in rows)
                            * 1.4, 1)
    picture = Picture(left + width + 120, top + high * len(rows) + 30)
    picture.text(10, 22, "Mean latency lost without a part, ms", size=15,
                 bold=True)
    picture.text(10, 42, "Over all scenarios, paired by seed, 95 % intervals; "
                 "log scale; grey: not told from nothing.")
    at = lambda v: left + width * max(0, math.log(max(v, least) / least)
                                      ) / math.log(most / least)
    for i, row in enumerate(rows):
        y = top + high * i
        mean, half = row["mean_ms_over_ours"]
        name = row["policy"].split("/no-")[1]
        told = mean - half > 0
        picture.text(left - 8, y + 16, name, "end")
        picture.box(left, y + 4, max(at(mean) - left, 1), high - 9,
                    COLOURS[0] if told else "#bbb", 0.85)
        if told:
            picture.line(at(mean - half), y + 12, at(mean + half), y + 12, INK,
                         1.5)
        picture.text(at(max(mean + half, mean)) + 6, y + 16,
                     f"{mean:+.2f} ± {half:.2f}")
    return picture.done()
