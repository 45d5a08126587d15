"""Pictures of the study of deadlines, as SVG."""
from study_plots import COLOURS, INK, PALE, Picture

STYLE = {  # colour, dash, width
    "deadline + lighter": (COLOURS[0], "", 3),
    "min-latency + lighter": ("#57b894", "6 3", 2),
    "deadline": (COLOURS[2], "", 2.4),
    "min-latency, late dropped": (COLOURS[3], "", 1.6),
    "jsq, late dropped": (COLOURS[4], "", 1.6),
    "round-robin, late dropped": (COLOURS[5], "", 1.6),
    "min-latency": (COLOURS[3], "3 3", 1.6),
    "jsq": (COLOURS[4], "3 3", 1.6),
    "round-robin": (COLOURS[5], "3 3", 1.6),
}
ENDINGS = [("in time, full", "#0b6e4f"), ("in time, lighter", "#8fcfb4"),
           ("refused at once", "#d9d9d9"), ("late or dropped", "#c1121f")]


def line(picture, points, colour, dash, width):
    picture.path(points, colour, width)
    if dash:
        picture.parts[-1] = picture.parts[-1].replace(
            "/>", f' stroke-dasharray="{dash}"/>')


def panel(picture, study, at, size, title, value, most, ticks, unit):
    """Lines over the load; returns how a value is placed."""
    left, top = at
    width, high = size
    loads = sorted(study["loads"], key=float)
    low, top_load = float(loads[0]), float(loads[-1])
    x = lambda load: left + width * (float(load) - low) / (top_load - low)
    y = lambda v: top + high - high * min(v, most) / most
    picture.text(left - 40, top - 14, title, size=14, bold=True)
    for tick in ticks:
        picture.line(left, y(tick), left + width, y(tick), "#ddd")
        picture.text(left - 6, y(tick) + 4, f"{tick:g}{unit}", "end")
    for load in loads:
        picture.text(x(load), top + high + 18, f"{float(load):g}x", "middle")
    for way in reversed(list(STYLE)):
        values = [value(study["loads"][load][way]) for load in loads]
        line(picture, [(x(load), y(v)) for load, v in
                       zip(loads, values, strict=True)], *STYLE[way])
    return x, y


def endings_of(of):
    lighter = min(of["lighter"][0], of["in_time"][0])
    return [of["in_time"][0] - lighter, lighter, of["refused"][0],
            of["late"][0] + of["dropped"][0]]


def bars(picture, study, load, at, width):
    left, top = at
    picture.text(left - 190, top - 14, f"What became of the events at "
                 f"{float(load):g}x", size=14, bold=True)
    for i, way in enumerate(STYLE):
        y = top + 22 * i
        picture.text(left - 8, y + 14, way, "end", bold="+ lighter" in way
                     and way.startswith("deadline"))
        x = left
        shares = endings_of(study["loads"][load][way])
        for (_, colour), share in zip(ENDINGS, shares, strict=True):
            picture.box(x, y + 2, width * share, 17, colour)
            x += width * share
        picture.text(left + width + 8, y + 14,
                     f"{100 * (shares[0] + shares[1]):.0f} %")


def plot(study):
    picture = Picture(1000, 800)
    picture.text(20, 26, "Answers in time under load", size=17, bold=True)
    picture.text(20, 46, "Load 1x: what all sites can just answer with the full "
                 "variant. Means of "
                 f"{study['seeds']} seeds; deadlines from 100 to 300 ms.")
    size = (390, 230)
    x, y = panel(picture, study, (70, 130), size, "Answers in time per second",
                 lambda of: of["goodput"][0], 480, range(0, 481, 80), "")
    capacity = study["capacity"]
    picture.line(x(0.5), y(capacity), x(2), y(capacity), PALE, 1, "2 4")
    picture.text(x(2) - 4, y(capacity) - 5, "full capacity", "end", fill=PALE)
    offered = [(x(load), y(capacity * load)) for load in (0.5, 2)]
    picture.line(*offered[0], *offered[1], PALE, 1, "2 4")
    picture.text(offered[0][0] + 150, offered[0][1] - 92, "what is offered",
                 "end", fill=PALE)
    panel(picture, study, (560, 130), size,
          "Late or dropped, of those not refused",
          lambda of: 100 * of["missed"][0], 100, range(0, 101, 20), " %")
    for i, (way, (colour, dash, width)) in enumerate(STYLE.items()):
        left, top = 30 + 320 * (i % 3), 412 + 20 * (i // 3)
        picture.line(left, top, left + 30, top, colour, width, dash)
        picture.text(left + 38, top + 4, way)
    for i, load in enumerate(("1", "2")):
        bars(picture, study, load, (210 + 500 * i, 530), 235)
    for i, (words, colour) in enumerate(ENDINGS):
        picture.box(30 + 170 * i, 752, 14, 14, colour)
        picture.text(50 + 170 * i, 764, words)
    picture.text(30, 788, "Per cent: in time, by either variant.", fill=INK)
    return picture.done()
